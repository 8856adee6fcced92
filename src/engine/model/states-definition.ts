import type { Json, JsonObject } from './json.js';
import type { ConcurrencySettings, RetentionSettings, RetryPolicy } from './policies.js';
import type { RateSettings } from './rate.js';

/** A failing end written where it is reached from; both members may hold expressions. */
export interface InlineFailure {
  readonly message: string;
  /** Exit status a command line would end with, default 1. */
  readonly status?: number;
}

/** Taken when its condition is the first that holds, after a success and after a failure. */
export interface TransitionDefinition {
  readonly when?: string | boolean;
  readonly goto: string;
}

export type HookDefinition = { readonly log: string } | { readonly command: string; readonly timeout_ms?: number };

export interface StateHooks {
  readonly pre?: readonly HookDefinition[];
  readonly post?: readonly HookDefinition[];
}

export interface StateRetry extends RetryPolicy {
  /** Exit codes of a command that are tried again; absent means every one but 0. */
  readonly retryable_exit_codes?: readonly number[];
}

interface CommonState {
  readonly description?: string;
  /** Limit of one attempt; of a `parallel` or a loop, of all of it. */
  readonly timeout_ms?: number;
  readonly on_success?: string;
  readonly on_failure?: string | InlineFailure;
  readonly transitions?: readonly TransitionDefinition[];
  readonly continue_on_error?: boolean;
  readonly hooks?: StateHooks;
}

interface WorkingState extends CommonState {
  readonly retry?: StateRetry;
}

/** Runs a node of any type. */
export interface StepState extends WorkingState {
  readonly type: 'step';
  readonly node: string;
  readonly config?: JsonObject;
  readonly inputs?: JsonObject;
}

/** Runs a shell command or script; it succeeds with exit code 0. */
export interface CommandState extends WorkingState {
  readonly type: 'command';
  readonly command?: string;
  readonly script?: string;
  readonly args?: Json;
  readonly env?: JsonObject;
  readonly workdir?: string;
  readonly stdin?: string;
}

export type ParallelStrategy = 'all_succeed' | 'any_succeed' | 'best_effort';

/** Runs states side by side; where they would go next does not count. */
export interface ParallelState extends CommonState {
  readonly type: 'parallel';
  readonly branches: readonly string[];
  readonly strategy?: ParallelStrategy;
  readonly max_concurrent?: number;
}

interface LoopState extends CommonState {
  readonly body: readonly string[];
  /** A number, or an expression that gives one. */
  readonly max_iterations?: number | string;
  readonly break_when?: string;
  readonly on_complete?: string;
}

export interface ForEachState extends LoopState {
  readonly type: 'for_each';
  /** A list, or one expression that gives one. */
  readonly items: Json;
}

export interface WhileState extends LoopState {
  readonly type: 'while';
  readonly while: string;
}

/** Runs another workflow and waits for its end. */
export interface CallWorkflowState extends WorkingState {
  readonly type: 'call_workflow';
  readonly workflow: string;
  readonly version?: number;
  readonly inputs?: JsonObject;
  /** Name here by dotted path in the outputs of the run; absent: its outputs as they are. */
  readonly outputs?: Readonly<Record<string, string>>;
}

export interface TerminalState {
  readonly type: 'terminal';
  readonly description?: string;
  readonly status?: 'success' | 'failure';
  readonly message?: string;
  /** The run's outputs when it ends here, instead of the definition's. */
  readonly outputs?: Json;
  /** Exit status a command line would end with. */
  readonly exit_status?: number;
}

export type StateDefinition = StepState | CommandState | ParallelState | ForEachState | WhileState | CallWorkflowState | TerminalState;
export type StateType = StateDefinition['type'];

/** One input in the form of a rule list. */
export interface InputRule {
  readonly name: string;
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';
  readonly description?: string;
  readonly required?: boolean;
  readonly default?: Json;
  readonly validation?: {
    readonly pattern?: string;
    readonly enum?: readonly Json[];
    readonly min?: number;
    readonly max?: number;
    readonly file_exists?: boolean;
    readonly file_extension?: readonly string[];
  };
}

export interface StatesSettings {
  /** Limit of the whole run, milliseconds, waiting included. */
  readonly timeout_ms?: number;
  readonly concurrency?: ConcurrencySettings;
  readonly rate?: RateSettings;
  readonly priority?: number;
  readonly retention?: RetentionSettings;
  /** Moves from state to state in all, default 10,000. */
  readonly max_transitions?: number;
  /** Beginnings of names of inputs whose values are shown as `***` wherever a state's result is recorded. */
  readonly mask_inputs?: readonly string[];
}

/** `workflow_cancel` runs when a run is cancelled or exceeds its time limit, within the grace that stopping has. */
export const WORKFLOW_HOOKS = ['workflow_start', 'workflow_end', 'workflow_error', 'workflow_cancel'] as const;
export type WorkflowHook = (typeof WORKFLOW_HOOKS)[number];

/** A state machine as stored: what `POST /workflows` accepts with `kind: states`. */
export interface StatesDefinition {
  readonly name: string;
  readonly description?: string;
  readonly kind: 'states';
  readonly tags?: readonly string[];
  /** JSON Schema 2020-12 of the run's inputs, or a list of rules, which also convert what they are given. */
  readonly inputs?: JsonObject | readonly InputRule[];
  readonly initial: string;
  readonly states: Readonly<Record<string, StateDefinition>>;
  readonly hooks?: Readonly<Partial<Record<WorkflowHook, readonly HookDefinition[]>>>;
  /** Absent: the output of the last state that ran, by its name. */
  readonly outputs?: Json;
  readonly triggers?: readonly JsonObject[];
  readonly settings?: StatesSettings;
  /** Names of environment variables the definition may read as `env.NAME` (subject to the operator's allow-list). */
  readonly env?: readonly string[];
  /** What other programs keep with the definition. Runs do not see it. */
  readonly metadata?: JsonObject;
}
