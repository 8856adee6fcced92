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
}
