import type { Json, JsonObject } from './json.js';
import type { ConcurrencySettings, RetentionSettings, RetryPolicy } from './policies.js';
import type { RateSettings } from './rate.js';
import type { StatesDefinition } from './states-definition.js';

export type { ConcurrencySettings, RetryPolicy };

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

export interface WorkflowSettings {
  readonly max_parallel_nodes?: number;
  readonly on_error?: 'stop' | 'continue' | 'retry_run';
  /** Attempts and back-off of `on_error: retry_run`; default 3 attempts, exponential from 1 s. */
  readonly retry?: RetryPolicy;
  /** Limit of the whole run, milliseconds, waiting included. */
  readonly timeout_ms?: number;
  readonly concurrency?: ConcurrencySettings;
  readonly rate?: RateSettings;
  /** -100 to 100, default 0. A point counts as much as having waited a minute longer. */
  readonly priority?: number;
  readonly retention?: RetentionSettings;
}

/** A graph workflow as stored: what `POST /workflows` accepts without a `kind`, or with `kind: graph`. */
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
  /** What other programs keep with the definition. Runs do not see it. */
  readonly metadata?: JsonObject;
  /** Of the implicit workflow of an agent's version: the agent. No workflow that users write has one. */
  readonly agent?: JsonObject;
}

/** What a version of a workflow holds. What differs by `kind` is asked of `engine/workflow`, never of the members. */
export type WorkflowDefinition = GraphDefinition | StatesDefinition;
