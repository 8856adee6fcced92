export type StopReason = 'cancelled' | 'branch_stopped' | 'run_failed' | 'run_timeout' | 'lease_lost' | 'shutdown';

/** Why a run's work is being stopped. It is the reason of the AbortSignal that node types get. */
export class RunStoppedError extends Error {
  override readonly name = 'RunStoppedError';
  constructor(readonly reason: StopReason) {
    super(`run stopped: ${reason}`);
  }
}
