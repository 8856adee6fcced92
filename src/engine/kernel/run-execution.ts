import type { RunHistory, WaitRecord } from '../journal/run-history.js';
import { EndRefusedError, JOURNAL_DROPPED, JournalClosedError, type RunJournal } from '../journal/run-journal.js';
import type { Json } from '../model/json.js';
import type { TerminalRunStatus } from '../model/statuses.js';
import type { SerializedError } from '../model/step-error.js';
import { backoffDelay } from '../policy/retry.js';
import type { RunInfo } from '../ports/node-type.js';
import { StoreUnavailableError, type ClaimedRun } from '../ports/run-store.js';
import { closeOpenSteps } from './close-open-steps.js';
import { MAX_TIMER_MS, RunActivity } from './run-activity.js';
import type { Program, ProgramResult } from './run-context.js';
import { RunWaits, type WaitsHost } from './run-waits.js';
import { StepRunner, type StepsHost } from './step-runner.js';

/** `rejected`: the store refuses what the run wrote; its lease is still held. */
export type LeftHow = 'ended' | 'parked' | 'released' | 'dropped' | 'rejected';

/** What an execution asks of the engine around it. */
export interface ExecutionHost extends WaitsHost, StepsHost {
  /** How long cancelled work may take to stop before it is given up, milliseconds. */
  readonly stopGraceMs: number;
  /** The execution is over here. */
  onLeft(execution: RunExecution, how: LeftHow, status?: TerminalRunStatus): void;
}

interface Stop {
  readonly reason: 'cancelled' | 'run_timeout';
  readonly note: string | null;
}

/**
 * One run in the memory of the process that holds its lease: interprets its program over its journal until it ends,
 * parks, is released, or the lease goes.
 */
export class RunExecution {
  private readonly activity: RunActivity;
  private readonly waits: RunWaits;
  private readonly steps: StepRunner;
  /** Epoch milliseconds at which the whole run is over time, or null. */
  private readonly deadline: number | null;
  private stopping: Stop | null = null;
  /** Something came while the run was leaving: whoever looks at it next must do so at once. */
  private calledBack = false;
  private deadlineTimer: NodeJS.Timeout | null = null;

  constructor(
    readonly claimed: ClaimedRun,
    readonly run: RunInfo,
    private readonly history: RunHistory,
    private readonly journal: RunJournal,
    private readonly program: Program,
    private readonly host: ExecutionHost,
  ) {
    const { timeoutMs, startedAt, createdAt } = claimed;
    this.deadline = timeoutMs === null ? null : (startedAt ?? createdAt) + timeoutMs;
    this.activity = new RunActivity(journal, host.stopGraceMs);
    this.waits = new RunWaits(run, claimed.wakes, this.deadline, history, this.activity, host, {
      park: (wakeAt) => this.park(wakeAt),
      release: () => void this.leaveWith({ kind: 'release' }, 'released'),
      cancelled: (reason) => this.cancel(reason),
    });
    journal.onClosed = (reason) => this.close(reason);
    this.steps = new StepRunner(run, history, journal, this.activity, this.waits, host);
  }

  /** Wake-ups of the run this execution knows of. */
  get seenWakes(): number {
    return this.waits.seenWakes;
  }

  /** Whether it was called for while it was leaving. */
  get wasCalledBack(): boolean {
    return this.calledBack;
  }

  /** Paths that are being worked on or waited for. */
  activePaths(): string[] {
    return [...new Set([...this.runningPaths(), ...this.waits.paths()])].filter((path) => path !== '');
  }

  get isWorking(): boolean {
    return this.activity.flights.size > 0;
  }

  runningPaths(): string[] {
    return [...this.activity.flights].map((flight) => flight.path);
  }

  waitRecords(): { path: string; wait: WaitRecord }[] {
    return this.waits.records();
  }

  /** Executes until the run leaves this process. Never rejects. */
  async execute(): Promise<void> {
    try {
      this.open();
      await this.runProgram();
    } catch (error) {
      if (error instanceof JournalClosedError || error instanceof StoreUnavailableError) this.close(error);
      else await this.endBroken(error);
    }
  }

  // --- Being told ------------------------------------------------------------------------------------------------

  /** Something may have arrived for the run: a child's end, a signal, a cancel. */
  wake(): void {
    if (this.activity.leaving) this.calledBack = true;
    else if (!this.activity.left) this.waits.lookForArrivals();
  }

  cancel(reason: string | null): void {
    this.stop({ reason: 'cancelled', note: reason });
  }

  /** No new attempt starts; once the current ones are over the lease is given back. */
  drain(): void {
    this.activity.draining = true;
    this.waits.changed();
  }

  /** After the drain time: work is told to stop, and given up soon after. */
  abortForShutdown(): void {
    this.activity.draining = true;
    this.activity.abortWork('shutdown');
    this.waits.changed();
  }

  /** The lease is known to be lost, or must be taken as lost: nothing may be done any more. */
  drop(): void {
    this.journal.close(JOURNAL_DROPPED);
    this.close(null);
  }

  /** The store says that the lease is gone; when the run is just leaving, the write that ends it knows better. */
  dropIfLost(): void {
    if (!this.activity.leaving && !this.activity.left) this.drop();
  }

  announceSlow(now: number, slowAfterMs: number): void {
    this.steps.announceSlow(now, slowAfterMs);
  }

  // --- From claim to end -----------------------------------------------------------------------------------------

  private open(): void {
    const at = this.host.clock.now();
    const { epoch, cancel } = this.claimed;
    if (this.history.started) {
      if (epoch > 1) this.journal.append({ type: 'run.resumed', at, data: { epoch } });
    } else if (cancel === null) {
      this.journal.append({ type: 'run.started', at, data: {} });
    }
    if (cancel !== null) this.cancel(cancel.reason);
    this.armDeadline();
  }

  private async runProgram(): Promise<void> {
    for (;;) {
      let result: ProgramResult | null = null;
      const retryAt = this.history.runRetryAt;
      if (retryAt === null || (await this.beginRunAttempt(retryAt))) result = await this.program.run(this.steps);
      await this.waits.whileBusy(this.steps.childrenCancelled());
      if (this.stopping !== null) result = this.stoppedResult();
      else if (result?.status === 'failed' && this.scheduleRunRetry(result.error)) continue;
      try {
        return await (result === null ? this.endCancelled() : this.end(result));
      } catch (error) {
        if (!(error instanceof EndRefusedError)) throw error;
        return await this.cancelInstead();
      }
    }
  }

  /** An interpreter failed in a way it must not: trying again would fail the same, so the run ends. */
  private async endBroken(error: unknown): Promise<void> {
    this.host.logger.error({ err: error, run_id: this.run.id }, 'the engine could not execute a run');
    try {
      await this.end({ status: 'failed', error: { code: 'engine_error', message: 'The engine could not execute this run.' } });
    } catch (fault) {
      this.close(fault);
    }
  }

  /** A cancel was accepted before the end was written: the run ends as cancelled. */
  private async cancelInstead(): Promise<void> {
    const { cancel } = await this.host.store.loadArrivals({ runId: this.run.id, childIds: [], signals: false });
    this.stopping = null;
    this.cancel(cancel?.reason ?? null);
    await this.endCancelled();
  }

  /** How a stopped run ends; null means as cancelled. */
  private stoppedResult(): ProgramResult | null {
    if (this.stopping?.reason !== 'run_timeout') return null;
    const message = `The run exceeded its limit of ${this.claimed.timeoutMs} ms.`;
    return { status: 'failed', error: { code: 'run_timeout', message } };
  }

  private scheduleRunRetry(error: SerializedError): boolean {
    const policy = this.program.retryRun;
    const attempt = this.history.runAttempt;
    // A run that is gone from here cannot note that it tries again, and would do so for ever.
    if (policy === null || attempt >= policy.max_attempts || this.activity.gone) return false;
    const at = this.host.clock.now();
    const until = at + Math.round(backoffDelay(policy, attempt));
    this.journal.append({ type: 'run.waiting', at, data: { reason: 'retry_run', until, attempt, error: error as unknown as Json } });
    this.activity.reset();
    return true;
  }

  /** Waits for the next run attempt and begins it. False when the run is stopped meanwhile. */
  private async beginRunAttempt(at: number): Promise<boolean> {
    if (at > this.host.clock.now() && (await this.waits.wait('', { kind: 'timer', until: at })).kind === 'aborted') return false;
    if (this.stopping !== null) return false;
    const attempt = this.history.runAttempt + 1;
    this.journal.append({ type: 'run.resumed', at: this.host.clock.now(), data: { reason: 'retry_run', attempt } });
    return true;
  }

  private async end(result: ProgramResult): Promise<void> {
    const at = this.host.clock.now();
    if (result.status === 'success') {
      this.journal.append({ type: 'run.completed', at, data: { outputs: result.outputs } });
      await this.finish('success', null);
    } else {
      closeOpenSteps(this.history, this.journal, 'run_failed', at);
      this.journal.append({ type: 'run.failed', at, data: { error: result.error as unknown as Json } });
      await this.finish('failed', result.error);
    }
  }

  private async endCancelled(): Promise<void> {
    const at = this.host.clock.now();
    closeOpenSteps(this.history, this.journal, 'cancelled', at);
    this.journal.append({ type: 'run.cancelled', at, data: { reason: this.stopping?.note ?? null } });
    await this.finish('cancelled', null);
  }

  private async finish(status: TerminalRunStatus, error: SerializedError | null): Promise<void> {
    this.activity.leaving = true;
    try {
      await this.journal.finish({ kind: 'end', status, error, at: this.history.lastAt });
    } catch (refused) {
      this.activity.leaving = false;
      throw refused;
    }
    this.leave('ended', status);
  }

  private stop(stop: Stop): void {
    if (this.activity.leaving) this.calledBack = true;
    if (this.stopping !== null || this.activity.left || this.activity.leaving) return;
    this.stopping = stop;
    if (stop.reason === 'cancelled' && !this.history.cancelling) {
      const stopping = this.history.openSteps();
      this.journal.append({ type: 'run.cancelling', at: this.host.clock.now(), data: { reason: stop.note, stopping } });
    }
    this.steps.stopAll(stop.reason);
  }

  private armDeadline(): void {
    if (this.deadline === null) return;
    const left = this.deadline - this.host.clock.now();
    if (left <= 0) return this.stop({ reason: 'run_timeout', note: null });
    this.deadlineTimer = setTimeout(() => this.armDeadline(), Math.min(left, MAX_TIMER_MS));
  }

  // --- Leaving ---------------------------------------------------------------------------------------------------

  private park(wakeAt: number | null): void {
    const steps = this.waits.paths().filter((path) => path !== '');
    const until = wakeAt === null ? null : new Date(wakeAt).toISOString();
    const at = this.host.clock.now();
    this.journal.append({ type: 'run.waiting', at, data: { steps, until } });
    const wakeInMs = wakeAt === null ? null : Math.max(0, wakeAt - at);
    void this.leaveWith({ kind: 'park', wakeInMs, wakes: this.waits.seenWakes }, 'parked');
  }

  private async leaveWith(transition: Parameters<RunJournal['finish']>[0], how: LeftHow): Promise<void> {
    this.activity.leaving = true;
    try {
      await this.journal.finish(transition);
      this.leave(how);
    } catch (error) {
      this.close(error);
    }
  }

  private close(error: unknown): void {
    if (this.activity.left) return;
    this.activity.abortWork('lease_lost');
    const rejected = error instanceof JournalClosedError && error.reason === 'rejected';
    if (rejected) this.host.logger.error({ err: error.cause, run_id: this.run.id }, 'the store refused what a run wrote');
    this.leave(rejected ? 'rejected' : 'dropped');
  }

  private leave(how: LeftHow, status?: TerminalRunStatus): void {
    if (this.activity.left) return;
    this.activity.leave();
    this.journal.close(JOURNAL_DROPPED);
    this.waits.close();
    if (this.deadlineTimer !== null) clearTimeout(this.deadlineTimer);
    this.host.onLeft(this, how, status);
  }
}
