import type { JsonObject } from '../../../engine/index.js';
import type { MemorySettings } from '../../memory/index.js';
import type { Budgets, ModelBlock, RoutingStrategy } from '../../models/index.js';

export const PATTERNS = ['react', 'plan_and_execute', 'parallel_fan_out', 'pipeline', 'supervisor', 'swarm'] as const;
export type Pattern = (typeof PATTERNS)[number];

/** An agent as stored: what `POST /agents` accepts, or what an Astromesh document came to. */
export interface AgentDefinition {
  readonly name: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** What the model is told first. `{{ context.user }}` and the like are filled in; what is not there is empty. */
  readonly instructions?: string;
  readonly model: AgentModel;
  readonly orchestration?: Orchestration;
  readonly tools?: readonly (string | AgentTool)[];
  readonly approvals?: readonly ToolApproval[];
  readonly memory?: MemorySettings;
  readonly knowledge?: { readonly collection: string; readonly top_k?: number };
  readonly guardrails?: { readonly input?: readonly Guardrail[]; readonly output?: readonly Guardrail[] };
  /** What a run may cost, and all runs together. Days are UTC days. */
  readonly budget?: Budgets;
  readonly output_schema?: JsonObject;
  readonly output_repairs?: number;
  readonly permissions?: { readonly allowed_actions?: readonly string[] };
  /** What an Astromesh document says beyond this. It is kept and shown, and does nothing. */
  readonly extra?: JsonObject;
}

export interface AgentModel {
  readonly primary: ModelBlock;
  readonly fallback?: readonly ModelBlock[];
  readonly routing?: RoutingStrategy;
  readonly roles?: Readonly<Record<string, { readonly candidates: readonly ModelBlock[]; readonly routing?: RoutingStrategy }>>;
}

export interface Orchestration {
  readonly pattern?: Pattern;
  readonly max_iterations?: number;
  /** Limit of the whole run, milliseconds; time that people take to decide does not count. */
  readonly timeout_ms?: number;
  readonly role_map?: Readonly<Record<string, string>>;
  /** `supervisor`, `swarm`: the agents that work is given to. */
  readonly agents?: readonly { readonly agent: string; readonly description?: string }[];
  /** `pipeline`: what is done one after the other. */
  readonly stages?: readonly { readonly name: string; readonly instructions: string }[];
  readonly max_parallel?: number;
  /** The same call of a tool with the same result, so often in a row, is a loop. */
  readonly max_repeats?: number;
  /** How deep runs may nest that are tools of this agent: agents, workflows, and what those call. */
  readonly max_depth?: number;
}

export interface AgentTool {
  readonly name: string;
  /** `agent`: another agent; `client`: told to the caller, not executed here; anything else: a tool that is registered. */
  readonly type?: string;
  readonly description?: string;
  readonly parameters?: JsonObject;
  readonly config?: JsonObject;
  /** With `type: agent`: which one, if not the one of that name. */
  readonly agent?: string;
  /** Limit of one call, milliseconds. */
  readonly timeout_ms?: number;
  readonly rate_limit?: { readonly window_seconds?: number; readonly max_calls?: number };
}

/** Which calls of tools people have to approve. The model has no say in it. */
export interface ToolApproval {
  /** Names, with `*` for any rest. */
  readonly tools: readonly string[];
  /** `{{ CEL }}` over `inputs`, the call's arguments; without it, every call. */
  readonly when?: string;
  readonly message?: string;
  readonly reviewers?: readonly string[];
  readonly quorum?: number;
  readonly expires_in_ms?: number;
  readonly default?: 'approve' | 'reject';
  /** Whether, or which, arguments a reviewer may change. */
  readonly editable?: boolean | readonly string[];
}

export type Guardrail =
  | { readonly type: 'pii_detection'; readonly action?: 'redact' | 'block' }
  | { readonly type: 'topic_filter'; readonly blocked_topics: readonly string[]; readonly action?: 'block' | 'warn' }
  | { readonly type: 'max_length'; readonly max_chars?: number; readonly action?: 'block' | 'truncate' }
  | { readonly type: 'cost_limit'; readonly max_tokens_per_turn?: number; readonly action?: 'block' | 'truncate' }
  | {
      readonly type: 'content_filter';
      readonly blocked_patterns?: readonly string[];
      readonly forbidden_keywords?: readonly string[];
      readonly action?: 'redact' | 'block';
    };

export const DEFAULT_MAX_ITERATIONS = 10;
export const DEFAULT_MAX_REPEATS = 3;
export const DEFAULT_MAX_DEPTH = 5;
export const DEFAULT_OUTPUT_REPAIRS = 2;
