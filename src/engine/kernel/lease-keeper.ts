import type { Clock } from '../ports/clock.js';
import type { EngineLogger } from '../ports/logger.js';
import { StoreUnavailableError, type RunStore } from '../ports/run-store.js';
import type { RunExecution } from './run-execution.js';

/** Keeps the leases of the runs held here, and passes on what comes with them: losses, cancels, wake-ups. */
export class LeaseKeeper {
  private lastRenewed = 0;

  constructor(
    private readonly executions: ReadonlyMap<string, RunExecution>,
    private readonly lease: { readonly owner: string; readonly leaseMs: number },
    private readonly deps: { readonly store: RunStore; readonly clock: Clock; readonly logger: EngineLogger },
  ) {}

  start(): void {
    this.lastRenewed = this.deps.clock.now();
  }

  /** Renews all leases. Work whose lease could not be renewed in time is stopped: somebody else may be doing it. */
  async heartbeat(): Promise<void> {
    const { clock, logger } = this.deps;
    const now = clock.now();
    const held = [...this.executions.values()];
    try {
      if (held.length > 0) await this.renew(held);
      this.lastRenewed = now;
    } catch (error) {
      logger.warn({ err: error, leases: held.length }, 'heartbeat failed');
      if (error instanceof StoreUnavailableError && clock.now() - this.lastRenewed > this.lease.leaseMs) {
        for (const execution of held) execution.drop();
      }
    }
  }

  /** Renews these leases at once. Throws what the store throws. */
  async renew(held: readonly RunExecution[]): Promise<void> {
    const leases = held.map(({ claimed }) => ({ runId: claimed.id, epoch: claimed.epoch }));
    const { owner, leaseMs } = this.lease;
    const { lost, changed } = await this.deps.store.heartbeat({ owner, leaseMs, leases });
    for (const runId of lost) {
      const execution = this.executions.get(runId);
      // Only leases asked about: the run may have ended, or been claimed again, while the question was under way.
      if (execution !== undefined && held.includes(execution)) execution.dropIfLost();
    }
    for (const { runId, wakes, cancel } of changed) {
      const execution = this.executions.get(runId);
      if (execution === undefined) continue;
      if (cancel !== null) execution.cancel(cancel.reason);
      else if (wakes > execution.seenWakes) execution.wake();
    }
  }
}
