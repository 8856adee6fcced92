import type { ChildRunRequest, ChildRunResult, Json, JsonObject, LogLevel, RunInfo } from '../../engine/index.js';
import type { Permission } from '../../platform/http/permissions.js';

/** What a tool tells about itself; models and `GET /tools` see the first four. */
export interface ToolSpec {
  /** What a model calls it by: letters, digits, `_` and `-`, at most 64; unique among the tools that a tenant sees. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema 2020-12 of `input`; its root is an object. */
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject;
  /** `builtin`, `mcp`, `workflow`, `agent`, `collection`, `openapi`, … */
  readonly type: string;
  /** JSON Schema 2020-12 of what an agent's definition may set for it (`tools[].config`); without it, nothing. */
  readonly configSchema?: JsonObject;
  /**
   * Whether a call may be made again when nobody knows if the first one ran to its end (the process died in the middle).
   * Default true: the tool only reads, or recognises `idempotencyKey`. With false the model is told that the outcome is
   * unknown, and the call is not repeated.
   */
  readonly repeatable?: boolean;
  /** What a caller of `POST /tools/{name}/execute` has to be allowed besides `tools.execute`; without it, nothing. */
  readonly access?: Permission;
}

/** One call of a tool. */
export interface ToolCall {
  /** Fits the tool's `inputSchema`. */
  readonly input: JsonObject;
  readonly tenant: string;
  /** Fits the tool's `configSchema`, if it has one; secrets are in clear, so it may not be logged. */
  readonly config: JsonObject;
  /** The run that the call belongs to; absent for a call through `POST /tools/{name}/execute`. */
  readonly run?: RunInfo;
  /** The agent that calls, and its session. */
  readonly agent?: string;
  readonly session?: string;
  /** Whom that is about. */
  readonly subject?: string;
  /** The same for every execution of this call after a crash; absent outside of runs. */
  readonly idempotencyKey?: string;
  /** Aborted on cancel, timeout, lost lease and shutdown. Its reason is an Error. */
  readonly signal: AbortSignal;
  /** Appends a log line to the run, or to the server's log outside of runs. */
  log(level: LogLevel, message: string, fields?: JsonObject): void;
}

/** A tool that does its work in one go. Throws `StepError` to fail; its code and message are shown to the model. */
export interface ExecutedTool extends ToolSpec {
  execute(call: ToolCall): Promise<Json>;
}

/**
 * A tool whose work is a run (a workflow, another agent). Whoever calls it starts the run as a child of its own and waits
 * for it as for any child: parked, over crashes, cancelled with it.
 */
export interface RunTool extends ToolSpec {
  request(call: Pick<ToolCall, 'input' | 'tenant' | 'config' | 'agent' | 'session' | 'subject'>): ChildRunRequest;
  /** What the model is shown of a run that succeeded. One that did not is shown as an error. */
  result(child: ChildRunResult): Json;
}

export type Tool = ExecutedTool | RunTool;

export function isRunTool(tool: Tool): tool is RunTool {
  return 'request' in tool;
}

/** A part of the tools of a source, in the order of their names (by code unit). */
export interface ToolWindow {
  /** Only names after this one. */
  readonly after?: string;
  /** At most so many. */
  readonly limit?: number;
  /** Only names that hold this text, in whatever case. */
  readonly text?: string;
}

/**
 * Tools that exist per tenant or come and go while the server runs (MCP servers, workflows, agents). Marked with
 * `@ToolSourceProvider()`. Names of static tools win over those of sources, and of sources the first by `order`.
 */
export interface ToolSource {
  /** Lower comes first. */
  readonly order: number;
  /** The type of all its tools; without it they may be of any. */
  readonly type?: string;
  /** All of them in any order, or those of the window, sorted. */
  list(tenant: string, window?: ToolWindow): Promise<readonly Tool[]>;
  find(tenant: string, name: string): Promise<Tool | null>;
}
