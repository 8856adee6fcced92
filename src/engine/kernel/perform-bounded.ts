import type { Json } from '../model/json.js';
import { StepError } from '../model/step-error.js';
import type { Flight } from './flight.js';
import { MAX_TIMER_MS } from './run-activity.js';

export interface Bounds {
  /** The run's own. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number | undefined;
  /** The step alone is stopped, the run goes on. */
  readonly onScopeAbort: (reason: Error) => void;
}

/** Does an attempt's work until it ends, its time is over, or `flight.reject` ends it whatever it does. */
export function performBounded(flight: Flight, bounds: Bounds, work: (signal: AbortSignal) => Promise<Json>): Promise<Json> {
  const { signal, timeoutMs, onScopeAbort } = bounds;
  return new Promise<Json>((resolve, reject) => {
    flight.reject = reject;
    if (timeoutMs === undefined && flight.scope === undefined) return void work(signal).then(resolve, reject);
    const own = linkedAbort(signal, flight.scope, onScopeAbort);
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(
            () => {
              const timeout = new StepError('timeout', `The step did not finish within ${timeoutMs} ms.`);
              own.abort(timeout);
              reject(timeout);
            },
            Math.min(timeoutMs, MAX_TIMER_MS),
          );
    const done = (): void => {
      clearTimeout(timer);
      own.unlink();
    };
    flight.reject = (error) => {
      done();
      reject(error);
    };
    work(own.signal).finally(done).then(resolve, reject);
  });
}

/** A signal of its own that follows the run's and that of its scope, if any, until it is unlinked. */
export function linkedAbort(
  parent: AbortSignal,
  scope: AbortSignal | undefined,
  onScopeAbort: (reason: Error) => void,
): { signal: AbortSignal; abort: (reason: Error) => void; unlink: () => void } {
  const controller = new AbortController();
  const follow = (): void => controller.abort(parent.reason);
  const followScope = (): void => {
    controller.abort(scope?.reason);
    onScopeAbort(scope?.reason as Error);
  };
  if (parent.aborted) follow();
  parent.addEventListener('abort', follow, { once: true });
  scope?.addEventListener('abort', followScope, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    unlink: () => {
      parent.removeEventListener('abort', follow);
      scope?.removeEventListener('abort', followScope);
    },
  };
}
