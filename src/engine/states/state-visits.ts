import type { GraphEnvironment } from '../graph/graph-environment.js';
import type { StepRecord } from '../journal/run-history.js';
import type { RunContext, StepSpec } from '../kernel/run-context.js';
import type { SerializedError } from '../model/step-error.js';
import { runBranches } from './branches.js';
import type { CompiledHook, CompiledMachine, CompiledState, LoopState, ParallelState, WorkingState } from './compile.js';
import { holds } from './condition.js';
import { runLimited } from './deadline.js';
import { nextPath, type Frame } from './frame.js';
import { runLoop } from './loop.js';
import { MachineScope } from './machine-scope.js';
import { NodeWork } from './node-work.js';
import { viewError, viewState, type StateEnding } from './state-view.js';
import { MachineFault, type InlineEnd, type Result, type Visit, type Visitor } from './visitor.js';

/** Visits in all; loops inside of loops multiply. */
const MAX_VISITS = 200_000;

/** Visits states, wherever they stand: at the top, in a loop's body, or as a branch. */
export class StateVisits implements Visitor {
  readonly scope: MachineScope;
  private readonly work: NodeWork;
  private visited = 0;
  private transitions = 0;

  constructor(
    private readonly machine: CompiledMachine,
    environment: GraphEnvironment,
    readonly context: RunContext,
  ) {
    this.scope = new MachineScope(context, environment, machine.maskInputs);
    this.work = new NodeWork(context, environment, this.scope.masked);
  }

  state(name: string): CompiledState {
    const state = this.machine.states.get(name);
    if (state === undefined) throw new MachineFault('unknown_state', `There is no state ${name}.`);
    return state;
  }

  /** A state that stands inside of another one. */
  working(name: string): WorkingState {
    const state = this.state(name);
    if (state.kind === 'terminal') throw new MachineFault('terminal_inside', `${name} is a terminal, inside of another state.`);
    return state;
  }

  countTransition(): void {
    this.transitions += 1;
    if (this.transitions <= this.machine.maxTransitions) return;
    throw new MachineFault('too_many_transitions', `The state machine made more than ${this.machine.maxTransitions} transitions.`);
  }

  async visit(state: WorkingState, frame: Frame): Promise<Visit> {
    this.visited += 1;
    if (this.visited > MAX_VISITS) throw new MachineFault('too_many_visits', `The state machine visited more than ${MAX_VISITS} states.`);
    const path = nextPath(frame, state.name);
    await this.runHooks(state.pre, `${path}/$pre`, state.name, frame);
    const result = await this.perform(state, path, frame);
    if (result.status === 'cancelled') return { ...result, path };
    const { memory } = frame;
    memory.views[state.name] = viewState(
      result.status === 'left' ? { status: 'success', output: result.output } : result,
      state.kind === 'node' && state.type === 'shell.exec',
    );
    memory.last = state.name;
    if (result.status === 'failed') memory.error = viewError(state.name, result.error);
    await this.runHooks(state.post, `${path}/$post`, state.name, frame);
    return { ...result, path };
  }

  /** Where a state leads: a state, a failing end, or nowhere. Throws what a condition throws. */
  route(state: WorkingState, status: 'success' | 'failed', frame: Frame): string | InlineEnd | null {
    const scope = this.scope.at(frame, state.name);
    for (const { when, goto } of state.transitions) if (when === null || holds(when, scope)) return goto;
    return status === 'success' || state.continueOnError ? state.onSuccess : state.onFailure;
  }

  /** Runs hooks in order; the first failure, or null. A failed hook is in the journal, and stops those after it. */
  async runHooks(hooks: readonly CompiledHook[], path: string, state: string, frame: Frame): Promise<SerializedError | null> {
    for (const [index, hook] of hooks.entries()) {
      const scope = this.scope.at(frame, state, [hook.text.references]);
      const outcome = await this.work.hook(hook, `${path}[${index}]`, state, scope, frame.signal);
      if (outcome.status === 'failed') return outcome.error;
      if (outcome.status === 'cancelled') return { code: 'stopped', message: 'The run was stopped.' };
    }
    return null;
  }

  private async perform(state: WorkingState, path: string, frame: Frame): Promise<Result> {
    switch (state.kind) {
      case 'node': {
        const scope = this.scope.at(frame, state.name, [state.config.references, state.inputs.references]);
        return endingOf(await this.work.node(state, path, scope, frame.signal));
      }
      case 'call':
        return endingOf(await this.work.call(state, path, this.scope.at(frame, state.name), frame.signal));
      case 'parallel':
        return await this.compose(state, path, frame, (inner) => runBranches(this, state, path, inner));
      case 'loop':
        return await this.compose(state, path, frame, (inner) => runLoop(this, state, path, inner));
    }
  }

  /**
   * A state made of others, and then its own row. Once that row is there, it says how the state ended, and what is inside is
   * only told again: nothing in it may start any more.
   */
  private async compose(
    state: ParallelState | LoopState,
    path: string,
    frame: Frame,
    run: (frame: Frame) => Promise<Result>,
  ): Promise<Result> {
    const result = await runLimited(this.context, state, path, frame, run);
    const { steps } = this.context.history;
    const spec: StepSpec = {
      nodeId: state.name,
      nodeType: `states.${nameOfKind(state)}`,
      pure: true,
      beganAt: beginningOf(state, path, steps),
    };
    const settled = steps.get(path);
    if (settled?.status === 'failed' && settled.error !== null) return endingOf(this.context.fail(path, spec, settled.error));
    if (settled?.status === 'cancelled' || result.status === 'cancelled') return { status: 'cancelled' };
    if (result.status === 'failed') return endingOf(this.context.fail(path, spec, result.error));
    const recorded = await this.context.step(
      path,
      spec,
      () => ({ config: {}, inputs: {}, secrets: this.scope.masked }),
      async () => result.output,
    );
    return result.status === 'left' && recorded.status === 'success' ? result : endingOf(recorded);
  }
}

/** When the first step inside of a state began; undefined when nothing did. */
function beginningOf(state: ParallelState | LoopState, path: string, steps: ReadonlyMap<string, StepRecord>): number | undefined {
  const first = state.kind === 'parallel' ? state.branches.map((branch) => `${path}/${branch}`) : [`${path}[0]/${state.body[0]}`];
  const times = first.flatMap((inside) => [steps.get(`${inside}/$pre[0]`), steps.get(inside)]).flatMap((step) => step?.startedAt ?? []);
  return times.length === 0 ? undefined : Math.min(...times);
}

function nameOfKind(state: ParallelState | LoopState): string {
  return state.kind === 'parallel' ? 'parallel' : state.items === null ? 'while' : 'for_each';
}

function endingOf(outcome: Awaited<ReturnType<RunContext['step']>>): StateEnding {
  return outcome.status === 'skipped' ? { status: 'cancelled' } : outcome;
}
