import { RunStoppedError } from '../kernel/run-stopped.js';
import type { Json } from '../model/json.js';
import type { SerializedError } from '../model/step-error.js';
import type { ParallelState } from './compile.js';
import { forkMemory, joinMemory, type Frame, type Memory } from './frame.js';
import type { Result, Visit, Visitor } from './visitor.js';

interface Branch {
  readonly name: string;
  readonly visit: Visit;
  readonly memory: Memory;
  readonly tolerant: boolean;
}

/** Runs branches side by side under the state's strategy. Which of them decided is told by the journal, not by chance. */
export async function runBranches(visits: Visitor, state: ParallelState, path: string, frame: Frame): Promise<Result> {
  const stop = new AbortController();
  const signal = frame.signal === undefined ? stop.signal : AbortSignal.any([frame.signal, stop.signal]);
  const before = { ...frame.memory.views };
  const ended = new Map<string, Branch>();
  const run = async (name: string): Promise<void> => {
    const memory = forkMemory(frame.memory);
    const branch = visits.working(name);
    const visit = await visits.visit(branch, { ...frame, prefix: `${path}/`, visits: new Map(), memory, signal });
    ended.set(name, { name, visit, memory, tolerant: branch.continueOnError });
    if (decides(state, visit, branch.continueOnError)) stop.abort(new RunStoppedError('branch_stopped'));
  };
  await settle(visits, state, path, run, stop);
  const branches = state.branches.flatMap((name) => ended.get(name) ?? []);
  for (const branch of branches) joinMemory(frame.memory, before, branch.memory);
  return judge(state, branches);
}

/** What had ended before a crash decides before anything starts again. */
async function settle(
  visits: Visitor,
  state: ParallelState,
  path: string,
  run: (name: string) => Promise<void>,
  stop: AbortController,
): Promise<void> {
  const { steps } = visits.context.history;
  const hasEnded = (name: string): boolean => (steps.get(`${path}/${name}`)?.status ?? 'open') !== 'open';
  const waiting: string[] = [];
  for (const name of state.branches) {
    if (hasEnded(name)) await run(name);
    else waiting.push(name);
  }
  const lane = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await run(name);
  };
  const lanes = await Promise.allSettled(
    Array.from({ length: Math.min(state.maxConcurrent, waiting.length) }, async () => {
      try {
        await lane();
      } catch (fault) {
        stop.abort(new RunStoppedError('branch_stopped'));
        throw fault;
      }
    }),
  );
  for (const result of lanes) if (result.status === 'rejected') throw result.reason;
}

function decides(state: ParallelState, visit: Visit, tolerant: boolean): boolean {
  switch (state.strategy) {
    case 'all_succeed':
      return visit.status === 'failed' && !tolerant;
    case 'any_succeed':
      return succeeded(visit);
    case 'best_effort':
      return false;
  }
}

function judge(state: ParallelState, branches: readonly Branch[]): Result {
  const output = Object.fromEntries(branches.map(({ name, memory }): [string, Json] => [name, memory.views[name]?.output ?? null]));
  const success: Result = { status: 'success', output };
  const cancelled = branches.some(({ visit }) => visit.status === 'cancelled');
  const failures = branches.filter(({ visit, tolerant }) => visit.status === 'failed' && !tolerant);
  const [first] = failures;
  switch (state.strategy) {
    case 'all_succeed':
      if (first !== undefined) return { status: 'failed', error: failureOf(first) };
      return cancelled ? { status: 'cancelled' } : success;
    case 'any_succeed':
      if (branches.some(({ visit }) => succeeded(visit))) return success;
      if (cancelled) return { status: 'cancelled' };
      return first === undefined ? success : { status: 'failed', error: { ...failureOf(first), code: 'all_branches_failed' } };
    case 'best_effort':
      return cancelled ? { status: 'cancelled' } : success;
  }
}

function succeeded(visit: Visit): boolean {
  return visit.status === 'success' || visit.status === 'left';
}

function failureOf({ name, visit }: Branch): SerializedError {
  const error = visit.status === 'failed' ? visit.error : { code: 'branch_failed', message: 'failed' };
  return { ...error, message: `branch ${name} failed: ${error.message}` };
}
