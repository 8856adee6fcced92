import type { GraphEnvironment } from '../graph/graph-environment.js';
import type { ProgramResult, RunContext } from '../kernel/run-context.js';
import type { Json, JsonObject } from '../model/json.js';
import { serializeError, type SerializedError } from '../model/step-error.js';
import type { CompiledHook, CompiledMachine, TerminalState } from './compile.js';
import { nextPath, type Frame } from './frame.js';
import { textOf } from './machine-scope.js';
import { viewError } from './state-view.js';
import { StateVisits } from './state-visits.js';
import { MachineFault } from './visitor.js';

const STOPPED: ProgramResult = { status: 'failed', error: { code: 'stopped', message: 'The run was stopped.' } };

/**
 * One interpretation of a state machine over a run's journal: from the initial state on, one state at a time, until a
 * terminal. A second interpretation of the same journal takes the same way.
 */
export class StatesRun {
  private readonly frame: Frame = {
    prefix: '',
    visits: new Map(),
    loop: undefined,
    memory: { views: {}, error: undefined, last: undefined },
    signal: undefined,
  };
  private readonly visits: StateVisits;

  constructor(
    private readonly machine: CompiledMachine,
    environment: GraphEnvironment,
    private readonly context: RunContext,
  ) {
    this.visits = new StateVisits(machine, environment, context);
  }

  async execute(): Promise<ProgramResult> {
    const refused = await this.runHooks(this.machine.hooks.workflow_start, 'workflow_start');
    if (refused !== null) return await this.fail({ code: 'hook_failed', message: `workflow_start: ${refused.message}` }, '$workflow_start');
    let result: ProgramResult;
    try {
      result = await this.drive();
    } catch (fault) {
      // All that went on beside it has been stopped by the states around it.
      if (fault instanceof MachineFault) return await this.fail(serializeError(fault), this.frame.memory.last ?? this.machine.initial);
      this.context.abortBranches();
      return { status: 'failed', error: serializeError(fault) };
    }
    if (result === STOPPED || this.context.signal.aborted) return await this.stopped();
    if (result.status === 'success') await this.runHooks(this.machine.hooks.workflow_end, 'workflow_end');
    else await this.runHooks(this.machine.hooks.workflow_error, 'workflow_error');
    return this.context.signal.aborted ? await this.stopped() : result;
  }

  /** Nothing of the run goes on any more; its hooks for that still may. */
  private async stopped(): Promise<ProgramResult> {
    const hooks = this.machine.hooks.workflow_cancel;
    if (hooks.length === 0) return STOPPED;
    await this.context.lastWords(async (reason) => {
      const { memory } = this.frame;
      const message = reason === 'cancelled' ? 'The run was cancelled.' : 'The run exceeded its time limit.';
      memory.error = viewError(memory.last ?? this.machine.initial, { code: reason, message });
      await this.runHooks(hooks, 'workflow_cancel');
    });
    return STOPPED;
  }

  private async drive(): Promise<ProgramResult> {
    let current = this.machine.initial;
    for (;;) {
      const state = this.visits.state(current);
      if (state.kind === 'terminal') return await this.end(state);
      const visit = await this.visits.visit(state, this.frame);
      if (visit.status === 'cancelled') return STOPPED;
      this.visits.countTransition();
      if (visit.status === 'left') {
        current = visit.goto;
        continue;
      }
      const path = visit.path;
      try {
        const next = this.visits.route(state, visit.status, this.frame);
        if (typeof next === 'string') current = next;
        else if (next !== null) {
          const message = textOf(next.message.evaluate(this.visits.scope.at(this.frame, current)));
          return this.failed({ code: 'terminal_failure', message, details: { state: current, exit_status: next.status } }, current, path);
        } else if (visit.status === 'failed' && !state.continueOnError) {
          return this.failed({ ...visit.error, message: `state ${current}: ${visit.error.message}` }, current, path, visit.error);
        } else return this.failed({ code: 'no_next_state', message: `state ${current}: nothing says what comes next` }, current, path);
      } catch (fault) {
        if (fault instanceof MachineFault) throw fault;
        return this.failed(serializeError(fault), current, path);
      }
    }
  }

  // --- Ends ----------------------------------------------------------------------------------------------------------

  private async end(state: TerminalState): Promise<ProgramResult> {
    const path = nextPath(this.frame, state.name);
    const scope = this.visits.scope.at(this.frame, state.name);
    const outcome = await this.context.step(
      path,
      { nodeId: state.name, nodeType: 'states.terminal', pure: true },
      () => ({ config: {}, inputs: {}, secrets: this.visits.scope.masked }),
      async () => {
        const end: JsonObject = { status: state.success ? 'success' : 'failure' };
        if (state.message !== null) end['message'] = textOf(state.message.evaluate(scope));
        return end;
      },
    );
    if (outcome.status === 'failed') return this.failed(outcome.error, state.name, path);
    if (outcome.status !== 'success') return STOPPED;
    try {
      if (state.success) return { status: 'success', outputs: this.outputs(state) };
      const message = (outcome.output as JsonObject)['message'] ?? `The workflow ended in ${state.name}.`;
      const details: JsonObject = { state: state.name, exit_status: state.exitStatus ?? 1 };
      if (state.outputs !== null) details['outputs'] = state.outputs.evaluate(scope);
      return this.failed({ code: 'terminal_failure', message: textOf(message), details }, state.name, path);
    } catch (fault) {
      return this.failed(serializeError(fault), state.name, path);
    }
  }

  private outputs(state: TerminalState): Json {
    const template = state.outputs ?? this.machine.outputs;
    if (template !== null) return template.evaluate(this.visits.scope.at(this.frame, state.name));
    const { last, views } = this.frame.memory;
    return last === undefined ? {} : { [last]: views[last]?.output ?? null };
  }

  /** `cause`: what expressions see as the error, when it is not the run's own. */
  private failed(error: SerializedError, state: string, path: string, cause = error): ProgramResult {
    this.frame.memory.error = viewError(state, cause);
    return { status: 'failed', error: { ...error, step: path } };
  }

  private async fail(error: SerializedError, state: string): Promise<ProgramResult> {
    if (this.context.signal.aborted) return await this.stopped();
    this.frame.memory.error = viewError(state, error);
    await this.runHooks(this.machine.hooks.workflow_error, 'workflow_error');
    return { status: 'failed', error };
  }

  private runHooks(hooks: readonly CompiledHook[], event: string): Promise<SerializedError | null> {
    return this.visits.runHooks(hooks, `$${event}`, `$${event}`, this.frame);
  }
}
