import type { RunJournal } from '../journal/run-journal.js';
import { RunStoppedError, type StopReason } from './run-stopped.js';
import type { Flight } from './flight.js';

/** Of a dropped, parked or released run: nothing that awaits it goes on. */
export const NEVER = new Promise<never>(() => undefined);

/** setTimeout overflows beyond this; a timer that fires early is armed again. */
export const MAX_TIMER_MS = 2_000_000_000;

/** What an execution is doing at the moment; its parts share it. */
export class RunActivity {
  readonly flights = new Set<Flight>();
  /** Branches that wait for a commit or for an answer of the store: neither working nor waiting. */
  busy = 0;
  /** No new attempt starts; the lease is given back as soon as nothing is under way. */
  draining = false;
  /** The write that ends, parks or releases the run is under way. */
  leaving = false;
  left = false;
  private abort = new AbortController();
  private graceTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly journal: RunJournal,
    readonly stopGraceMs: number,
  ) {}

  /** Nothing more may be done or written for this run here. */
  get gone(): boolean {
    return this.left || this.journal.isClosed;
  }

  /** Work that is under way is being stopped. */
  get aborted(): boolean {
    return this.abort.signal.aborted;
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Tells all work to stop, and gives up on what has not after the grace. */
  abortWork(reason: StopReason): void {
    this.abort.abort(new RunStoppedError(reason));
    this.graceTimer ??= setTimeout(() => {
      this.graceTimer = null;
      for (const flight of this.flights) flight.reject(new RunStoppedError(reason));
    }, this.stopGraceMs);
  }

  /** A new run attempt begins: what aborted the last one is over. */
  reset(): void {
    this.clearGrace();
    this.abort = new AbortController();
  }

  leave(): void {
    this.left = true;
    this.clearGrace();
  }

  private clearGrace(): void {
    if (this.graceTimer !== null) clearTimeout(this.graceTimer);
    this.graceTimer = null;
  }
}
