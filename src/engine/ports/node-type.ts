import type { Json, JsonObject } from '../model/json.js';
import type { RunEventType } from '../model/run-event.js';
import type { ArtifactRef, NewArtifact } from './artifacts.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What a node type tells about itself; `GET /node-types` shows all of it. */
export interface NodeTypeSpec {
  /** `category.name`, unique in the process, e.g. `http.request`. */
  readonly type: string;
  readonly category: string;
  readonly description: string;
  /**
   * Deterministic and without outside effect. A pure node may start before what it depends on is durable and its
   * result may be used before it is, because a crash recomputes the same. Anything else waits for its inputs' commit.
   */
  readonly pure: boolean;
  /** JSON Schema 2020-12 of `config`, templates counted as matching any scalar type. */
  readonly configSchema: JsonObject;
  readonly inputSchema: JsonObject;
  readonly outputSchema: JsonObject;
}

/** The run a call belongs to, as far as a node may know. */
export interface RunInfo {
  readonly id: string;
  readonly tenant: string;
  /** An agent's run executes the implicit workflow of its version. */
  readonly kind: 'workflow' | 'agent';
  readonly workflow: { readonly id: string; readonly name: string; readonly version: number } | null;
  /** `api` or `fs:<name>`: where the definition came from, which decides what it may do (design §5, shell). */
  readonly source: string;
  /** What started it: `api`, `run`, … */
  readonly trigger: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** Nesting depth: 0 for a run that no other run started. */
  readonly depth: number;
}

/** What every execution of a node gets. */
export interface NodeCall {
  /** Resolved `config` and `inputs`: templates are evaluated, secrets are in clear, so neither may be logged. */
  readonly config: JsonObject;
  readonly inputs: JsonObject;
  /** Values that nobody may see. They are masked in whatever this step journals, as far as they stand whole in one text. */
  readonly secrets: readonly string[];
  readonly run: RunInfo;
  /** Path of the step in the run, `fetch` or `notify[3]`. */
  readonly path: string;
  /** 1-based. */
  readonly attempt: number;
  /** `run/path/group`: the same for every attempt of this step and every execution after a crash, so that effects can be de-duplicated. */
  readonly idempotencyKey: string;
  /** An earlier execution of this attempt began and nobody saw its end: the process died, or its lease was lost. */
  readonly interrupted: boolean;
  /** Aborted on cancel, timeout, lost lease and shutdown. Its reason is an Error. */
  readonly signal: AbortSignal;
  /** Appends a log line to the run (`step.output` event). Never blocks; order is kept. */
  log(level: LogLevel, message: string, fields?: JsonObject): void;
  /** Appends an event of this step to the run's log. Never blocks; order is kept. */
  emit(type: RunEventType, data: JsonObject): void;
  /**
   * Keeps a file of this step as an artifact and tells so (`artifact.created`). Stored again under the same name, also by
   * another attempt, it replaces the earlier one. Throws `StepError`, see `Artifacts.store`.
   */
  artifact(file: NewArtifact): Promise<ArtifactRef>;
}

/** A node that does its work in one go, as one journaled step. Throws `StepError` to fail. */
export interface StepNodeType extends NodeTypeSpec {
  readonly durable?: false;
  execute(call: NodeCall): Promise<Json>;
}

/** What a node that waits or has journaled steps of its own can do. Every call is replayed from the journal after a crash. */
/** A step within a durable node. */
export interface InnerStep {
  readonly pure?: boolean;
  readonly type?: string;
  readonly inputs?: JsonObject;
  readonly unbounded?: boolean;
}

export interface DurableCall extends NodeCall {
  /** The same call, but what earlier attempts of this node have recorded under a key is taken instead of being done again. */
  continued(): DurableCall;
  /** Waits until the epoch millisecond; the run parks if nothing else is going on. Sub-path `key` must be unique in the node. */
  sleepUntil(key: string, epochMs: number): Promise<void>;
  /** Epoch milliseconds at which this node first started, the same on every replay. */
  startedAt(): Promise<number>;
  /**
   * Runs `fn` once, recorded: its committed result is returned on replay. Effectful unless `pure`. The node's time limit ends it too,
   * unless `unbounded`: what has to be tidied up when the time is over.
   */
  step(key: string, options: InnerStep, fn: (call: NodeCall) => Promise<Json>): Promise<Json>;
  /** What the step of that key has come to, if it has succeeded: for work that needs more than one step can hold. */
  recorded(key: string): Json | undefined;
  /** Starts a child run once, however often this code is executed, and returns its id. */
  startChild(key: string, child: ChildRunRequest): Promise<string>;
  /** Waits for a child run's end. Cancelling the parent cancels the child. */
  waitForChild(key: string, runId: string): Promise<ChildRunResult>;
  /** Cancels a child run that is waited for no longer. */
  cancelChild(runId: string): void;
  /** Waits for a signal of that name sent to the run (also one sent before the wait began) and returns its payload. */
  waitForSignal(key: string, name: string, deadline?: number): Promise<Json | undefined>;
}

export interface ChildRunRequest {
  /** Reference of a workflow: id or `namespace/name`. */
  readonly workflow: string;
  readonly version?: number;
  readonly inputs: JsonObject;
}

export interface ChildRunResult {
  readonly runId: string;
  readonly status: 'success' | 'failed' | 'cancelled';
  readonly outputs: Json;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A node that runs inside the interpreter: it may wait for days at no cost, and its inner steps are journaled. */
export interface DurableNodeType extends NodeTypeSpec {
  readonly durable: true;
  execute(call: DurableCall): Promise<Json>;
}

export type NodeType = StepNodeType | DurableNodeType;

/** Where the interpreter finds node types. */
export interface NodeTypes {
  get(type: string): NodeType | undefined;
  list(): readonly NodeType[];
  /** Faults of a resolved config against the type's schema; empty when it fits. */
  validateResolved(type: string, config: JsonObject): readonly { readonly path: string; readonly code: string; readonly message: string }[];
}
