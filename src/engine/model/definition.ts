import type { Json, JsonObject } from './json.js';

/** When a failed attempt is tried again. All durations are milliseconds. */
export interface RetryPolicy {
  /** Tries in all, the first included; 1 to 100. */
  readonly max_attempts: number;
  readonly backoff?: 'constant' | 'linear' | 'exponential';
  readonly initial_delay_ms?: number;
  readonly max_delay_ms?: number;
  /** Factor of exponential back-off, default 2. */
  readonly multiplier?: number;
  /** The delay is drawn between half and the whole of the computed one. */
  readonly jitter?: boolean;
  /** Error codes that are tried again; absent means every retryable error. */
  readonly retry_on?: readonly string[];
}

export type Join = 'all_success' | 'any_success' | 'all_done';

/** What a node's failure means to its run: end it, be tolerated, or be replaced by a value. */
export type NodeOnError = 'stop' | 'continue' | { readonly output: Json };

/** One vertex of a workflow graph, as users write it. Every string may hold `{{ … }}` expressions. */
export interface NodeDefinition {
  readonly id: string;
  readonly type: string;
  readonly name?: string;
  readonly description?: string;
  readonly needs?: readonly string[];
  readonly when?: string | boolean;
  readonly join?: Join;
  readonly inputs?: JsonObject;
  readonly config?: JsonObject;
  readonly retry?: RetryPolicy;
  /** Limit of one attempt, milliseconds. */
  readonly timeout_ms?: number;
  readonly for_each?: { readonly items: Json; readonly max_parallel?: number };
  readonly on_error?: NodeOnError;
}

export interface ConcurrencySettings {
  /** Template over `inputs`; runs of one tenant with equal keys share the limit. */
  readonly key: string;
  readonly limit?: number;
  readonly on_conflict?: 'queue' | 'cancel_running' | 'reject';
}

export interface WorkflowSettings {
  readonly max_parallel_nodes?: number;
  readonly on_error?: 'stop' | 'continue' | 'retry_run';
  /** Attempts and back-off of `on_error: retry_run`; default 3 attempts, exponential from 1 s. */
  readonly retry?: RetryPolicy;
  /** Limit of the whole run, milliseconds, waiting included. */
  readonly timeout_ms?: number;
  readonly concurrency?: ConcurrencySettings;
  /** -100 to 100, higher is claimed first, default 0. */
  readonly priority?: number;
}

/** A graph workflow as stored: what `POST /workflows` accepts. */
export interface GraphDefinition {
  readonly name: string;
  readonly description?: string;
  readonly kind?: 'graph';
  readonly tags?: readonly string[];
  /** JSON Schema 2020-12 of the run's inputs. */
  readonly inputs?: JsonObject;
  readonly nodes: readonly NodeDefinition[];
  readonly outputs?: Json;
  readonly triggers?: readonly JsonObject[];
  readonly settings?: WorkflowSettings;
  /** Names of environment variables the definition may read as `env.NAME` (subject to the operator's allow-list). */
  readonly env?: readonly string[];
}

export type WorkflowDefinition = GraphDefinition;
