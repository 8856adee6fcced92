import type { RunContext } from '../kernel/run-context.js';
import { RunStoppedError } from '../kernel/run-stopped.js';
import type { LoopState, ParallelState } from './compile.js';
import type { Frame } from './frame.js';
import type { Result } from './visitor.js';

/**
 * Runs what is inside of a state under the state's own time limit. The limit is a journaled timer beside it, so it holds
 * across restarts; when it is over, or was before, all inside is stopped.
 */
export async function runLimited(
  context: RunContext,
  state: ParallelState | LoopState,
  path: string,
  frame: Frame,
  run: (frame: Frame) => Promise<Result>,
): Promise<Result> {
  const { steps } = context.history;
  const record = steps.get(path);
  if (record !== undefined && record.status !== 'open') return await run({ ...frame, signal: stopped() });
  const { timeoutMs } = state;
  if (timeoutMs === undefined) return await run(frame);
  const limitPath = `${path}/$limit`;
  const inside = new AbortController();
  if (steps.get(limitPath)?.status === 'success') inside.abort(new RunStoppedError('branch_stopped'));
  const done = new AbortController();
  const signals = (own: AbortController): AbortSignal =>
    frame.signal === undefined ? own.signal : AbortSignal.any([frame.signal, own.signal]);
  const limit = context
    .durableStep(
      limitPath,
      { nodeId: state.name, nodeType: 'states.limit', pure: false, signal: signals(done) },
      () => ({ config: {}, inputs: {}, secrets: [] }),
      async (call) => {
        await call.sleepUntil('until', (await call.startedAt()) + timeoutMs);
        return {};
      },
    )
    .then((outcome) => {
      if (outcome.status === 'success') inside.abort(new RunStoppedError('branch_stopped'));
      return outcome.status;
    });
  const result = await run({ ...frame, signal: signals(inside) }).finally(() => done.abort(new RunStoppedError('branch_stopped')));
  if ((await limit) !== 'success' || result.status !== 'cancelled') return result;
  return { status: 'failed', error: { code: 'timeout', message: `The state did not finish within ${timeoutMs} ms.` } };
}

/** A signal that is aborted from the start: what the journal knows is told, nothing else happens. */
function stopped(): AbortSignal {
  return AbortSignal.abort(new RunStoppedError('branch_stopped'));
}
