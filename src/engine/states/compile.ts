import { compileCondition, compileTemplate, type CompiledCondition, type CompiledTemplate } from '../expressions/index.js';
import { compileSettings } from '../graph/compile.js';
import type { CompiledSettings } from '../graph/compiled-graph.js';
import type { RetryPolicy } from '../model/definition.js';
import type { Json, JsonObject } from '../model/json.js';
import type {
  HookDefinition,
  ParallelStrategy,
  StateDefinition,
  StateRetry,
  StatesDefinition,
  WorkflowHook,
} from '../model/states-definition.js';
import { WORKFLOW_HOOKS } from '../model/states-definition.js';
import { DEFAULT_WHILE_ITERATIONS } from './states-schema.js';

const DEFAULT_MAX_TRANSITIONS = 10_000;
const ONCE: RetryPolicy = { max_attempts: 1 };

export interface CompiledHook {
  readonly kind: 'log' | 'command';
  readonly text: CompiledTemplate;
  readonly timeoutMs: number | undefined;
}

export interface CompiledTransition {
  /** Null means always. */
  readonly when: CompiledCondition | null;
  readonly goto: string;
}

/** Where a state leads and what goes with it. */
export interface CommonState {
  readonly name: string;
  readonly timeoutMs: number | undefined;
  readonly transitions: readonly CompiledTransition[];
  readonly onSuccess: string | null;
  readonly onFailure: string | { readonly message: CompiledTemplate; readonly status: number } | null;
  readonly continueOnError: boolean;
  readonly pre: readonly CompiledHook[];
  readonly post: readonly CompiledHook[];
}

interface Retried {
  readonly retry: RetryPolicy;
}

export interface NodeState extends CommonState, Retried {
  readonly kind: 'node';
  readonly type: string;
  readonly config: CompiledTemplate;
  readonly inputs: CompiledTemplate;
  /** Set when it is a command: exit codes worth another attempt, null for all. */
  readonly command: { readonly retryable: ReadonlySet<number> | null } | null;
}

export interface ParallelState extends CommonState {
  readonly kind: 'parallel';
  readonly branches: readonly string[];
  readonly strategy: ParallelStrategy;
  readonly maxConcurrent: number;
}

export interface LoopState extends CommonState {
  readonly kind: 'loop';
  /** What it goes over, or the condition under which it goes on. */
  readonly items: CompiledTemplate | null;
  readonly condition: CompiledCondition | null;
  readonly body: readonly string[];
  /** Null: a `for_each` that goes over all of its items. */
  readonly maxIterations: CompiledTemplate | null;
  readonly breakWhen: CompiledCondition | null;
  readonly hasCompletion: boolean;
}

export interface CallState extends CommonState, Retried {
  readonly kind: 'call';
  readonly workflow: CompiledTemplate;
  readonly version: number | undefined;
  readonly inputs: CompiledTemplate;
  readonly outputs: ReadonlyMap<string, readonly string[]> | null;
}

export interface TerminalState {
  readonly kind: 'terminal';
  readonly name: string;
  readonly success: boolean;
  readonly message: CompiledTemplate | null;
  readonly outputs: CompiledTemplate | null;
  readonly exitStatus: number | undefined;
}

export type WorkingState = NodeState | ParallelState | LoopState | CallState;
export type CompiledState = WorkingState | TerminalState;

/** A state machine ready to run. */
export interface CompiledMachine {
  readonly kind: 'states';
  readonly definition: StatesDefinition;
  readonly initial: string;
  readonly states: ReadonlyMap<string, CompiledState>;
  readonly hooks: Readonly<Record<WorkflowHook, readonly CompiledHook[]>>;
  readonly outputs: CompiledTemplate | null;
  readonly maxTransitions: number;
  readonly maskInputs: readonly string[];
  /** What a run's launch asks of any workflow. */
  readonly settings: CompiledSettings;
}

/** Prepares a definition for execution. It must have passed `validateStates`. */
export function compileStates(definition: StatesDefinition): CompiledMachine {
  const { settings = {} } = definition;
  const hooks = Object.fromEntries(WORKFLOW_HOOKS.map((event) => [event, compileHooks(definition.hooks?.[event])]));
  return {
    kind: 'states',
    definition,
    initial: definition.initial,
    states: new Map(Object.entries(definition.states).map(([name, state]) => [name, compileState(name, state)])),
    hooks: hooks as unknown as Record<WorkflowHook, readonly CompiledHook[]>,
    outputs: optional(definition.outputs),
    maxTransitions: settings.max_transitions ?? DEFAULT_MAX_TRANSITIONS,
    maskInputs: settings.mask_inputs ?? [],
    settings: compileSettings(settings),
  };
}

function compileState(name: string, state: StateDefinition): CompiledState {
  if (state.type === 'terminal') {
    return {
      kind: 'terminal',
      name,
      success: state.status !== 'failure',
      message: optional(state.message),
      outputs: optional(state.outputs),
      exitStatus: state.exit_status,
    };
  }
  const common = compileCommon(name, state);
  switch (state.type) {
    case 'step': {
      const [config, inputs] = [template(state.config ?? {}), template(state.inputs ?? {})];
      return { ...common, kind: 'node', type: state.node, config, inputs, command: null, retry: plainRetry(state.retry) };
    }
    case 'command': {
      const codes = state.retry?.retryable_exit_codes;
      return {
        ...common,
        kind: 'node',
        type: 'shell.exec',
        config: template(commandConfig(state)),
        inputs: template({}),
        command: { retryable: codes === undefined ? null : new Set(codes) },
        retry: plainRetry(state.retry),
      };
    }
    case 'parallel':
      return {
        ...common,
        kind: 'parallel',
        branches: state.branches,
        strategy: state.strategy ?? 'all_succeed',
        maxConcurrent: state.max_concurrent ?? state.branches.length,
      };
    case 'for_each':
    case 'while':
      return {
        ...common,
        kind: 'loop',
        items: state.type === 'for_each' ? template(state.items) : null,
        condition: state.type === 'while' ? condition(state.while) : null,
        body: state.body,
        maxIterations: state.type === 'while' ? template(state.max_iterations ?? DEFAULT_WHILE_ITERATIONS) : optional(state.max_iterations),
        breakWhen: state.break_when === undefined ? null : condition(state.break_when),
        hasCompletion: state.on_complete !== undefined,
        // The end of a loop is its success.
        onSuccess: state.on_complete ?? state.on_success ?? null,
      };
    case 'call_workflow':
      return {
        ...common,
        kind: 'call',
        workflow: template(state.workflow),
        version: state.version,
        inputs: template(state.inputs ?? {}),
        outputs: state.outputs === undefined ? null : new Map(Object.entries(state.outputs).map(([to, from]) => [to, from.split('.')])),
        retry: plainRetry(state.retry),
      };
  }
}

function compileCommon(name: string, state: Exclude<StateDefinition, { type: 'terminal' }>): CommonState {
  const { on_failure: onFailure } = state;
  return {
    name,
    timeoutMs: state.timeout_ms,
    transitions: (state.transitions ?? []).map(({ when, goto }) => ({
      when: when === undefined || when === true ? null : condition(when),
      goto,
    })),
    onSuccess: state.on_success ?? null,
    onFailure:
      onFailure === undefined || typeof onFailure === 'string'
        ? (onFailure ?? null)
        : { message: template(onFailure.message), status: onFailure.status ?? 1 },
    continueOnError: state.continue_on_error === true,
    pre: compileHooks(state.hooks?.pre),
    post: compileHooks(state.hooks?.post),
  };
}

/** What `shell.exec` allows. A command without a limit has a state machine around it, not a default of the node type. */
const MAX_COMMAND_MS = 7 * 86_400_000;
const MAX_OUTPUT_CHARS = 1024 * 1024;

/** A line of shell. Its exit code is judged by the state, so that a failure keeps what the command wrote. */
export function shellConfig(script: Json, timeoutMs: number | undefined): JsonObject {
  const timeout = Math.min(timeoutMs ?? MAX_COMMAND_MS, MAX_COMMAND_MS);
  return { script, timeout_ms: timeout, max_output_chars: MAX_OUTPUT_CHARS, fail_on_error: false };
}

function commandConfig({
  command,
  script,
  args,
  env,
  workdir,
  stdin,
  timeout_ms,
}: Extract<StateDefinition, { type: 'command' }>): JsonObject {
  const given = { args, env, workdir, stdin };
  const config = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as JsonObject;
  return { ...shellConfig(command ?? script ?? '', timeout_ms), ...config };
}

function compileHooks(hooks: readonly HookDefinition[] | undefined): CompiledHook[] {
  return (hooks ?? []).map((hook) =>
    'log' in hook
      ? { kind: 'log', text: template(hook.log), timeoutMs: undefined }
      : { kind: 'command', text: template(hook.command), timeoutMs: hook.timeout_ms },
  );
}

function plainRetry(retry: StateRetry | undefined): RetryPolicy {
  if (retry === undefined) return ONCE;
  const { retryable_exit_codes: _, ...policy } = retry;
  return policy;
}

function template(value: Json): CompiledTemplate {
  return compileTemplate(value, 'states');
}

function optional(value: Json | undefined): CompiledTemplate | null {
  return value === undefined ? null : template(value);
}

function condition(value: string | boolean): CompiledCondition {
  return compileCondition(value, 'states');
}
