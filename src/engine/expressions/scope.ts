import type { Json, JsonObject } from '../model/json.js';
import type { StepStatus } from '../model/statuses.js';

/** What an expression sees of a node it depends on. */
export interface NodeView {
  readonly status: StepStatus;
  /** Null unless the node succeeded (or its failure was replaced by a value). */
  readonly output: Json;
  readonly error: { readonly code: string; readonly message: string; readonly details?: Json } | null;
}

/** What an expression sees of its own run. Everything in it is fixed when the run is created, so replays agree. */
export interface RunView {
  readonly id: string;
  readonly tenant: string;
  readonly workflow: string;
  readonly version: number;
  /** 1-based; above 1 while `settings.on_error: retry_run` runs the graph again. */
  readonly attempt: number;
  /** RFC 3339, UTC. */
  readonly created_at: string;
  readonly trigger: string;
}

/** What an expression of a state machine sees of a state that has run: its latest visit. */
export interface StateView {
  readonly status: 'success' | 'failed' | 'skipped';
  /** A command's standard output, as it is; of any other state what it gave, null when it failed. */
  readonly output: Json;
  readonly stderr: string;
  /** 0 after a success; -1 after a timeout; of any other failure that has none, 1. */
  readonly exit_code: number;
  /** All that the state gave, for a command with its streams and its result. */
  readonly response: Json;
  /** `output` as JSON: parsed when it is a text that holds JSON, null when it is any other text. */
  readonly json: Json;
  readonly error: { readonly code: string; readonly message: string; readonly details?: Json } | null;
}

/** The iteration an expression stands in. */
export interface LoopView {
  /** The element, of a `for_each`; null in a `while`. */
  readonly item: Json;
  /** 0-based; `index1` counts from 1. */
  readonly index: number;
  readonly index1: number;
  readonly first: boolean;
  readonly last: boolean;
  /** Null in a `while`, which does not know. */
  readonly length: number | null;
  /** The iteration around this one. */
  readonly parent: LoopView | null;
}

/** The last failure a state machine met on its way. */
export interface ErrorView {
  readonly message: string;
  readonly state: string;
  readonly exit_code: number;
  /** The error's code word. */
  readonly type: string;
}

/** What an expression of a state machine sees of its workflow. */
export interface WorkflowView {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly current_state: string;
  /** RFC 3339, UTC. */
  readonly started_at: string;
}

/** Names of {@link RunView}, as validation knows them. */
export const RUN_VIEW_FIELDS = [
  'id',
  'tenant',
  'workflow',
  'version',
  'attempt',
  'created_at',
  'trigger',
] as const satisfies readonly (keyof RunView)[];

/**
 * The variables of an expression. Plain objects with own properties only: CEL looks names up with `Object.hasOwn`.
 * A missing name is an error of the expression, never `null`.
 */
export interface Scope {
  readonly inputs: JsonObject;
  /** Views of the nodes the expression may name; others are absent. */
  readonly nodes: Readonly<Record<string, NodeView>>;
  readonly run: RunView;
  /** The element and its 0-based position, inside `for_each` only. */
  readonly item?: Json;
  readonly index?: number;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** In state machines only, as all that follows: the states that have run. */
  readonly states?: Readonly<Record<string, StateView>>;
  readonly workflow?: WorkflowView;
  /** Inside loops only. */
  readonly loop?: LoopView;
  /** Once something has failed only. */
  readonly error?: ErrorView;
  /** Where a trigger makes the inputs of a run only, as all that follows: what fired. */
  readonly trigger?: JsonObject;
  /** Of a webhook. */
  readonly body?: Json;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** The event of an event trigger. */
  readonly event?: JsonObject;
}
