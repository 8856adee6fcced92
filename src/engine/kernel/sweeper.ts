import type { Clock } from '../ports/clock.js';
import type { EngineLogger } from '../ports/logger.js';
import type { RunStore } from '../ports/run-store.js';

/** Looks that something asks for are at least so long apart. */
export const MIN_SWEEP_MS = 20;

export interface SweeperHost {
  readonly store: RunStore;
  readonly clock: Clock;
  readonly logger: EngineLogger;
  /** Longest pause between two looks, milliseconds. */
  readonly pollMs: number;
  /** Runs have become claimable. */
  readonly onReadied: () => void;
}

/** Readies what time makes claimable: due timers, expired leases, places that became free. */
export class Sweeper {
  private timer: NodeJS.Timeout | null = null;
  private nextAt = 0;
  private stopped = false;

  constructor(private readonly host: SweeperHost) {}

  /** Looks once, and plans the next look for when the store expects something. */
  async sweep(): Promise<void> {
    const { store, logger, pollMs, onReadied } = this.host;
    try {
      const { readied, nextWakeInMs } = await store.sweep();
      if (readied > 0) onReadied();
      const jittered = pollMs * (0.75 + Math.random() / 2);
      this.within(nextWakeInMs === null ? jittered : Math.min(jittered, nextWakeInMs));
    } catch (error) {
      logger.warn({ err: error }, 'sweep failed, will try again');
      this.within(pollMs);
    }
  }

  /** Looks in `delayMs` at the latest, but not at once. */
  within(delayMs: number): void {
    if (this.stopped) return;
    const delay = Math.max(MIN_SWEEP_MS, delayMs);
    const at = this.host.clock.now() + delay;
    if (this.timer !== null) {
      if (this.nextAt <= at) return;
      clearTimeout(this.timer);
    }
    this.nextAt = at;
    this.timer = setTimeout(
      () => {
        this.timer = null;
        void this.sweep();
      },
      Math.min(delay, this.host.pollMs * 2),
    );
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }
}
