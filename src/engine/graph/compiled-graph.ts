import type { CompiledCondition, CompiledTemplate } from '../expressions/index.js';
import type { GraphDefinition, Join, NodeDefinition, RetryPolicy } from '../model/definition.js';
import type { RunRate } from '../model/rate.js';

/** What a node's failure does to its run; `fallback` makes it a success with that output. */
export type CompiledOnError =
  { readonly kind: 'stop' } | { readonly kind: 'continue' } | { readonly kind: 'fallback'; readonly output: CompiledTemplate };

export interface CompiledNode {
  readonly id: string;
  /** Position in the definition. */
  readonly index: number;
  readonly type: string;
  readonly definition: NodeDefinition;
  /** Evaluates to an object. `constantKeys` and `secretKeys` tell which members may or must stay out of the journal. */
  readonly config: CompiledTemplate;
  readonly inputs: CompiledTemplate;
  /** Null means always. */
  readonly when: CompiledCondition | null;
  readonly forEach: { readonly items: CompiledTemplate; readonly maxParallel: number } | null;
  /** Without duplicates, in the order written. */
  readonly needs: readonly string[];
  /** Nodes that need this one, in definition order. */
  readonly dependents: readonly string[];
  readonly join: Join;
  /** One attempt unless the definition says more. */
  readonly retry: RetryPolicy;
  readonly timeoutMs: number | null;
  readonly onError: CompiledOnError;
}

export interface CompiledSettings {
  readonly maxParallelNodes: number;
  readonly onError: 'stop' | 'continue' | 'retry_run';
  /** Of `on_error: retry_run`. */
  readonly retry: RetryPolicy;
  readonly timeoutMs: number | null;
  readonly priority: number;
  readonly concurrency: {
    readonly key: CompiledTemplate;
    readonly limit: number;
    readonly onConflict: 'queue' | 'cancel_running' | 'reject';
  } | null;
  readonly rate: RunRate | null;
}

/** A definition ready to run: every template compiled, every default filled, the graph turned both ways. */
export interface CompiledGraph {
  readonly kind: 'graph';
  readonly definition: GraphDefinition;
  readonly nodes: ReadonlyMap<string, CompiledNode>;
  /** Node ids so that each comes after all it needs. */
  readonly order: readonly string[];
  /** Nodes by depth: level 0 needs nothing. */
  readonly levels: readonly (readonly string[])[];
  /** Nodes without `needs`. */
  readonly roots: readonly string[];
  /** Null: the run's output is `{ <id>: output }` of the nodes nobody needs. */
  readonly outputs: CompiledTemplate | null;
  readonly settings: CompiledSettings;
}
