import type { RunHistory, WaitRecord } from '../journal/run-history.js';
import type { Clock } from '../ports/clock.js';
import type { LargeOutputs } from '../journal/large-outputs.js';
import { serializeError, StepError } from '../model/step-error.js';
import type { EngineLogger } from '../ports/logger.js';
import type { ChildState, RunStore } from '../ports/run-store.js';
import { MAX_TIMER_MS, NEVER, type RunActivity } from './run-activity.js';
import { WaitSet, type WaitResult } from './wait-set.js';

const ARRIVALS_RETRY_MS = 500;

/** What a run does once nothing of it goes on. */
export interface QuietHandler {
  /** Every branch waits for something that will not come soon. */
  park(wakeAt: number | null): void;
  /** Nothing is under way and the process drains. */
  release(): void;
  /** A cancel was found when looking for what arrived. */
  cancelled(reason: string | null): void;
}

export interface WaitsHost {
  readonly clock: Clock;
  readonly logger: EngineLogger;
  readonly store: RunStore;
  readonly outputs: LargeOutputs;
  /** A run whose branches all wait stays in memory this long before it parks, milliseconds. */
  readonly parkAfterMs: number;
}

/**
 * The waits of one run in memory, and the decision to leave memory. A run is quiet when no attempt is under way and no
 * branch awaits the store; that is looked at one turn of the loop after the last change, when everything that could go on
 * has gone on.
 */
export class RunWaits {
  private readonly waits = new WaitSet();
  /** Something may have arrived that nobody has looked for: the run must not park. */
  private arrivalsDue = false;
  private arrivalsRetry: NodeJS.Timeout | null = null;
  private quietCheck: NodeJS.Immediate | null = null;
  private parkTimer: NodeJS.Timeout | null = null;
  private dueTimer: NodeJS.Timeout | null = null;
  /** Wake-ups seen; a park names them, so that one that came since is not slept through. */
  seenWakes: number;

  constructor(
    private readonly run: { readonly id: string; readonly tenant: string },
    wakes: number,
    /** Epoch milliseconds at which the run is over time, or null. */
    private readonly deadline: number | null,
    private readonly history: RunHistory,
    private readonly activity: RunActivity,
    private readonly host: WaitsHost,
    private readonly onQuiet: QuietHandler,
  ) {
    this.seenWakes = wakes;
  }

  paths(): string[] {
    return this.waits.paths();
  }

  records(): { path: string; wait: WaitRecord }[] {
    return this.waits.records();
  }

  /** Waits; never returns when the run leaves memory meanwhile. `scope` ends this wait alone. */
  async wait(path: string, record: WaitRecord, scope?: AbortSignal): Promise<WaitResult> {
    if (this.activity.gone) return NEVER;
    if ((this.activity.aborted || scope?.aborted === true) && !this.activity.draining) return { kind: 'aborted' };
    const result = this.waits.add(path, record, scope);
    this.armDueTimer();
    this.changed();
    return await result;
  }

  /** Awaits the store on behalf of a branch. */
  async whileBusy<T>(promise: Promise<T>): Promise<T> {
    this.activity.busy += 1;
    try {
      return await promise;
    } finally {
      this.activity.busy -= 1;
      this.changed();
    }
  }

  /** Something may have arrived that a branch waits for. */
  lookForArrivals(): void {
    this.arrivalsDue = true;
    this.changed();
  }

  /** Something started, ended or began to wait. */
  changed(): void {
    if (this.parkTimer !== null) clearTimeout(this.parkTimer);
    this.parkTimer = null;
    if (this.quietCheck !== null || this.activity.left || (this.waits.size === 0 && !this.activity.draining)) return;
    this.quietCheck = setImmediate(() => {
      this.quietCheck = null;
      this.whenQuiet();
    });
  }

  abortAll(): void {
    this.waits.abortAll();
  }

  close(): void {
    for (const timer of [this.parkTimer, this.dueTimer, this.arrivalsRetry]) if (timer !== null) clearTimeout(timer);
    if (this.quietCheck !== null) clearImmediate(this.quietCheck);
  }

  private isQuiet(): boolean {
    const { activity } = this;
    return !activity.gone && !activity.leaving && activity.flights.size === 0 && activity.busy === 0;
  }

  private whenQuiet(): void {
    if (!this.isQuiet()) return;
    if (this.activity.draining) return this.onQuiet.release();
    if (this.waits.size === 0 || this.activity.aborted) return;
    if (this.arrivalsRetry !== null) return;
    if (this.arrivalsDue) return void this.takeArrivals();
    const due = this.nextDue();
    const untilDue = due === null ? Infinity : due - this.host.clock.now();
    if (untilDue <= this.host.parkAfterMs) return;
    // Time comes when it comes, but a child or a signal may be about to arrive.
    if (!this.waits.hasExternal()) return this.onQuiet.park(due);
    this.parkTimer = setTimeout(() => {
      this.parkTimer = null;
      if (this.isQuiet() && !this.arrivalsDue && !this.activity.aborted && this.waits.size > 0) this.onQuiet.park(this.nextDue());
    }, this.host.parkAfterMs);
  }

  private async takeArrivals(): Promise<void> {
    this.arrivalsDue = false;
    try {
      const found = await this.whileBusy(
        this.host.store.loadArrivals({ runId: this.run.id, childIds: this.waits.childIds(), signals: this.waits.hasSignals() }),
      );
      const arrivals = { ...found, children: await this.whileBusy(Promise.all(found.children.map((child) => this.complete(child)))) };
      if (this.activity.gone || this.activity.leaving) return;
      this.seenWakes = arrivals.wakes;
      if (arrivals.cancel !== null) return this.onQuiet.cancelled(arrivals.cancel.reason);
      this.waits.deliver(arrivals, this.history.takenSignals);
      this.armDueTimer();
    } catch (error) {
      if (this.activity.left) return;
      this.host.logger.warn({ err: error, run_id: this.run.id }, 'could not look for arrivals, will try again');
      this.arrivalsDue = true;
      this.arrivalsRetry = setTimeout(() => {
        this.arrivalsRetry = null;
        this.changed();
      }, ARRIVALS_RETRY_MS);
    }
  }

  /** A child with its outputs in place, wherever they are kept. Without them it counts as failed. */
  private async complete(child: ChildState): Promise<ChildState> {
    if (child.outputRef === undefined) return child;
    try {
      return { ...child, outputs: await this.host.outputs.load(this.run.tenant, child.outputRef) };
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      return { ...child, status: 'failed', error: serializeError(error) };
    }
  }

  /** Epoch milliseconds at which time alone makes the run go on: its first timer or its own limit. */
  private nextDue(): number | null {
    const due = this.waits.nextDue();
    return due === null ? this.deadline : this.deadline === null ? due : Math.min(due, this.deadline);
  }

  private armDueTimer(): void {
    if (this.dueTimer !== null) clearTimeout(this.dueTimer);
    this.dueTimer = null;
    const due = this.waits.nextDue();
    if (due === null || this.activity.left) return;
    this.dueTimer = setTimeout(
      () => {
        // While the run is being parked the timer is the store's: what it let go on here would be done again there.
        if (this.activity.leaving) return;
        this.waits.fireDue(this.host.clock.now());
        this.armDueTimer();
      },
      Math.min(Math.max(0, due - this.host.clock.now()), MAX_TIMER_MS),
    );
  }
}
