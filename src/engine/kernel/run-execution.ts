import { crashPoint } from '../crash-points.js';
import type { RunHistory, StepRecord, WaitRecord } from '../journal/run-history.js';
import { EndRefusedError, JournalClosedError, type RunJournal } from '../journal/run-journal.js';
import type { Json, JsonObject } from '../model/json.js';
import type { RunEventType } from '../model/run-event.js';
import type { TerminalRunStatus } from '../model/statuses.js';
import { serializeError, StepError, type SerializedError } from '../model/step-error.js';
import { backoffDelay, retryDelay } from '../policy/retry.js';
import type { Clock } from '../ports/clock.js';
import type { EngineLogger } from '../ports/logger.js';
import type { ChildRunRequest, DurableCall, NodeCall, RunInfo } from '../ports/node-type.js';
import type { ClaimedRun, RunStore } from '../ports/run-store.js';
import { DurableStepCall, type DurableHost } from './durable-call.js';
import { redactor } from './redact.js';
import type { Program, ProgramResult, RunContext, StepInput, StepOutcome, StepSpec } from './run-context.js';
import { RunStoppedError, type StopReason } from './run-stopped.js';
import { StepCall, type Flight, type StepWork } from './step-call.js';
import { WaitSet, type WaitResult } from './wait-set.js';

/** What an execution asks of the engine around it. */
export interface ExecutionHost {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: EngineLogger;
  readonly store: RunStore;
  /** A run whose branches all wait stays in memory this long before it parks, milliseconds. */
  readonly parkAfterMs: number;
  /** How long cancelled work may take to stop before it is given up, milliseconds. */
  readonly stopGraceMs: number;
  startChild(parent: RunInfo, step: string, request: ChildRunRequest): Promise<{ runId: string; created: boolean }>;
  cancelChild(tenant: string, runId: string): void;
  /** The execution is over here: ended, parked, released or dropped. */
  onLeft(execution: RunExecution, how: LeftHow, status?: TerminalRunStatus): void;
}

/** `rejected`: the store refuses what the run wrote; its lease is still held. */
export type LeftHow = 'ended' | 'parked' | 'released' | 'dropped' | 'rejected';

/** Of a dropped, parked or released run: nothing that awaits it goes on. */
const NEVER = new Promise<never>(() => undefined);

/**
 * One run in the memory of the process that holds its lease: executes its program against its journal until it ends,
 * parks, or the lease goes.
 *
 * Invariants: an effectful attempt starts only when everything appended before it is durable; nothing is appended after
 * `left`; a row about a step is appended by exactly one branch of the program.
 */
export class RunExecution implements RunContext, DurableHost {
  private readonly flights = new Set<Flight>();
  private readonly waits = new WaitSet();
  private abort = new AbortController();
  private stopping: { readonly reason: StopReason; readonly note: string | null } | null = null;
  private left = false;
  private leaving = false;
  private draining = false;
  /** Branches that wait for a commit or for an answer of the store: neither working nor waiting. */
  private busy = 0;
  private wakes: number;
  private arrivalsDue = false;
  private quietCheck: NodeJS.Immediate | null = null;
  private parkTimer: NodeJS.Timeout | null = null;
  private dueTimer: NodeJS.Timeout | null = null;
  private deadlineTimer: NodeJS.Timeout | null = null;
  private graceTimer: NodeJS.Timeout | null = null;

  constructor(
    readonly claimed: ClaimedRun,
    readonly run: RunInfo,
    readonly history: RunHistory,
    private readonly journal: RunJournal,
    private readonly program: Program,
    private readonly host: ExecutionHost,
  ) {
    this.wakes = claimed.wakes;
  }

  get inputs(): JsonObject {
    return this.history.inputs;
  }

  get runAttempt(): number {
    return this.history.runAttempt;
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  get seenWakes(): number {
    return this.wakes;
  }

  /** Paths that are being worked on or waited for. */
  activePaths(): string[] {
    return [...new Set([...[...this.flights].map((flight) => flight.path), ...this.waits.paths()])];
  }

  runningPaths(): string[] {
    return [...this.flights].map((flight) => flight.path);
  }

  waitRecords(): { path: string; wait: WaitRecord }[] {
    return this.waits.records();
  }

  // --- Life ------------------------------------------------------------------------------------------------------

  /** Executes until the run leaves this process. Never rejects. */
  async execute(): Promise<void> {
    try {
      this.open();
      await this.runProgram();
    } catch (error) {
      if (!(error instanceof JournalClosedError)) {
        this.host.logger.error({ err: error, run_id: this.run.id }, 'run execution failed inside the engine');
        await this.end({ status: 'failed', error: { code: 'engine_error', message: 'The engine could not execute this run.' } }).catch(
          () => undefined,
        );
      }
      this.onJournalClosed(error);
    }
  }

  private open(): void {
    const now = this.host.clock.now();
    if (!this.history.started) this.journal.append({ type: 'run.started', at: now, data: {} });
    else if (this.claimed.epoch > 1) this.journal.append({ type: 'run.resumed', at: now, data: { epoch: this.claimed.epoch } });
    this.armDeadline();
    if (this.claimed.cancel !== null) this.stop('cancelled', this.claimed.cancel.reason);
  }

  /** Epoch milliseconds at which the whole run is over time, or null. */
  private get deadline(): number | null {
    const { timeoutMs, startedAt, createdAt } = this.claimed;
    return timeoutMs === null ? null : (startedAt ?? createdAt) + timeoutMs;
  }

  private armDeadline(): void {
    if (this.deadline === null) return;
    const left = Math.max(0, this.deadline - this.host.clock.now());
    this.deadlineTimer = setTimeout(
      () => (left > MAX_TIMER_MS ? this.armDeadline() : this.stop('run_timeout', null)),
      Math.min(left, MAX_TIMER_MS),
    );
  }

  private async runProgram(): Promise<void> {
    let result: ProgramResult | null = null;
    for (;;) {
      const retryAt = this.history.runRetryAt;
      if (retryAt === null || (await this.beginRunAttempt(retryAt))) result = await this.program.run(this);
      if (this.stopping !== null) result = this.stoppedResult();
      else if (result?.status === 'failed' && this.scheduleRunRetry(result.error)) continue;
      try {
        return await (result === null ? this.endCancelled() : this.end(result));
      } catch (error) {
        if (!(error instanceof EndRefusedError)) throw error;
        const { cancel } = await this.host.store.loadArrivals({ runId: this.run.id, childIds: [], signals: false });
        this.stopping = null;
        this.stop('cancelled', cancel?.reason ?? null);
        return await this.endCancelled();
      }
    }
  }

  /** How a stopped run ends; null means as cancelled. */
  private stoppedResult(): ProgramResult | null {
    if (this.stopping?.reason !== 'run_timeout') return null;
    const message = `The run exceeded its limit of ${this.claimed.timeoutMs} ms.`;
    return { status: 'failed', error: { code: 'run_timeout', message } };
  }

  private scheduleRunRetry(error: SerializedError): boolean {
    const policy = this.program.retryRun;
    if (policy === null || this.runAttempt >= policy.max_attempts) return false;
    const until = this.host.clock.now() + Math.round(backoffDelay(policy, this.runAttempt));
    this.journal.append({
      type: 'run.waiting',
      at: this.host.clock.now(),
      data: { reason: 'retry_run', until, attempt: this.runAttempt, error: error as unknown as Json },
    });
    return true;
  }

  /** Waits for the next run attempt and begins it. False when the run is stopped meanwhile. */
  private async beginRunAttempt(at: number): Promise<boolean> {
    if (at > this.host.clock.now() && (await this.wait('', { kind: 'timer', until: at })).kind === 'aborted') return false;
    if (this.stopping !== null) return false;
    this.abort = new AbortController();
    this.journal.append({ type: 'run.resumed', at: this.host.clock.now(), data: { reason: 'retry_run', attempt: this.runAttempt + 1 } });
    return true;
  }

  private async end(result: ProgramResult): Promise<void> {
    const at = this.host.clock.now();
    if (result.status === 'success') {
      this.journal.append({ type: 'run.completed', at, data: { outputs: result.outputs } });
      await this.finish('success', null);
    } else {
      this.journal.append({ type: 'run.failed', at, data: { error: result.error as unknown as Json } });
      await this.finish('failed', result.error);
    }
  }

  private async endCancelled(): Promise<void> {
    const at = this.host.clock.now();
    for (const path of this.history.openSteps()) {
      const attempt = this.history.steps.get(path)?.attempt ?? 1;
      this.journal.append({ type: 'step.cancelled', step: path, attempt, at, data: { reason: 'cancelled' } });
    }
    this.journal.append({ type: 'run.cancelled', at, data: { reason: this.stopping?.note ?? null } });
    await this.finish('cancelled', null);
  }

  private async finish(status: TerminalRunStatus, error: SerializedError | null): Promise<void> {
    this.leaving = true;
    try {
      await this.journal.finish({ kind: 'end', status, error, at: this.host.clock.now() });
    } catch (refused) {
      this.leaving = false;
      throw refused;
    }
    this.leave('ended', status);
  }

  // --- Being told ------------------------------------------------------------------------------------------------

  /** Something may have arrived for the run: a child's end, a signal, a cancel. */
  wake(): void {
    if (this.left || this.leaving) return;
    this.arrivalsDue = true;
    this.scheduleQuietCheck();
  }

  cancel(reason: string | null): void {
    this.stop('cancelled', reason);
  }

  /** No new attempt starts; once the current ones are over the lease is given back. */
  drain(): void {
    this.draining = true;
    this.scheduleQuietCheck();
  }

  /** After the drain time: work is told to stop, and given up soon after. */
  abortForShutdown(): void {
    this.draining = true;
    this.abortWork('shutdown');
    this.scheduleQuietCheck();
  }

  /** The lease is known to be lost, or must be taken as lost: nothing may be done any more. */
  drop(): void {
    this.journal.close(new JournalClosedError('dropped'));
    this.onJournalClosed(null);
  }

  /** The store says that the lease is gone; when the run is just leaving, the write that ends it knows better. */
  dropIfLost(): void {
    if (!this.leaving && !this.left) this.drop();
  }

  /** Writes a `step.started` row for attempts that are under way for longer than `slowAfterMs`. */
  announceSlow(now: number, slowAfterMs: number): void {
    for (const flight of this.flights) {
      if (flight.announced || now - flight.openedAt < slowAfterMs) continue;
      flight.announced = true;
      this.journal.append({ type: 'step.started', step: flight.path, attempt: flight.attempt, at: flight.openedAt, data: openingData(flight) });
    }
  }

  private stop(reason: 'cancelled' | 'run_timeout', note: string | null): void {
    if (this.stopping !== null || this.left || this.leaving) return;
    this.stopping = { reason, note };
    if (reason === 'cancelled' && !this.history.cancelling) {
      this.journal.append({ type: 'run.cancelling', at: this.host.clock.now(), data: { reason: note, stopping: this.activePaths() } });
    }
    for (const child of this.waits.childIds()) this.host.cancelChild(this.run.tenant, child);
    this.abortWork(reason);
  }

  private abortWork(reason: StopReason): void {
    this.abort.abort(new RunStoppedError(reason));
    if (reason !== 'shutdown') this.waits.abortAll();
    this.graceTimer ??= setTimeout(() => {
      this.graceTimer = null;
      for (const flight of this.flights) flight.reject(new RunStoppedError(reason));
    }, this.host.stopGraceMs);
  }

  // --- RunContext ------------------------------------------------------------------------------------------------

  step(path: string, spec: StepSpec, prepare: () => StepInput, work: StepWork<NodeCall>): Promise<StepOutcome> {
    return this.settle(path, spec, (attempt) =>
      this.attempt(path, spec, attempt, spec.pure, prepare, (flight, input, signal) =>
        work(new StepCall(this, flight, input.config, input.inputs, signal)),
      ),
    );
  }

  durableStep(path: string, spec: StepSpec, prepare: () => StepInput, work: StepWork<DurableCall>): Promise<StepOutcome> {
    return this.settle(path, spec, async (attempt) => {
      const input = prepare();
      const flight = this.newFlight(path, spec, attempt, input);
      const record = this.history.steps.get(path);
      flight.announced = record !== undefined && record.startedAt !== null;
      const opened = record?.startedAt ?? flight.openedAt;
      const deadline = spec.timeoutMs === undefined ? null : opened + spec.timeoutMs;
      const call = new DurableStepCall(this, flight, input.config, input.inputs, this.signal, opened, deadline);
      return { flight, output: await work(call) };
    });
  }

  skip(path: string, spec: StepSpec, reason: string): StepOutcome {
    if (this.isGone()) return { status: 'cancelled' };
    if (this.history.steps.get(path)?.status !== 'skipped') {
      this.journal.append({ type: 'step.skipped', step: path, at: this.host.clock.now(), data: { ...specData(spec), reason } });
    }
    return { status: 'skipped' };
  }

  settleFanOut(path: string, spec: StepSpec, items: number, error: SerializedError | null): void {
    if (this.isGone() || isSettledRecord(this.history.steps.get(path))) return;
    const at = this.host.clock.now();
    const common = { step: path, attempt: 1, at, openedAt: at };
    if (error === null) this.journal.append({ ...common, type: 'step.completed', data: { ...specData(spec), items } });
    else this.journal.append({ ...common, type: 'step.failed', data: { ...specData(spec), items, error: error as unknown as Json } });
  }

  fail(path: string, spec: StepSpec, error: SerializedError): StepOutcome {
    if (!this.isGone() && !isSettledRecord(this.history.steps.get(path))) {
      const at = this.host.clock.now();
      this.journal.append({
        type: 'step.failed',
        step: path,
        attempt: 1,
        at,
        openedAt: at,
        data: { ...specData(spec), error: error as unknown as Json },
      });
    }
    return { status: 'failed', error };
  }

  abortBranches(): void {
    if (this.stopping === null && !this.isGone()) this.abortWork('run_failed');
  }

  // --- Steps -----------------------------------------------------------------------------------------------------

  private async settle(
    path: string,
    spec: StepSpec,
    make: (attempt: number) => Promise<{ flight: Flight; output: Json }>,
  ): Promise<StepOutcome> {
    const record = this.history.steps.get(path);
    if (record !== undefined && record.status !== 'open') return outcomeOf(record);
    let attempt = record === undefined ? 1 : record.attempt;
    if (record !== undefined && record.retryAt !== null) {
      if (!(await this.waitForRetry(path, record.retryAt))) return this.cancelled(path, spec, attempt);
      attempt += 1;
    }
    for (;;) {
      if (this.draining) return NEVER;
      if (this.abort.signal.aborted) return this.cancelled(path, spec, attempt);
      let failure: unknown;
      try {
        const { flight, output } = await make(attempt);
        if (this.isGone()) return NEVER;
        this.journal.append({
          type: 'step.completed',
          step: path,
          attempt,
          at: this.host.clock.now(),
          ...(flight.announced ? { startedAt: flight.openedAt } : { openedAt: flight.openedAt }),
          data: { ...openingData(flight), output },
          redact: flight.redact,
        });
        return { status: 'success', output: flight.redact === undefined ? output : (this.history.steps.get(path)?.output ?? null) };
      } catch (error) {
        if (error instanceof JournalClosedError || this.isGone()) return NEVER;
        failure = error;
      }
      const { flight, error } = failure instanceof AttemptError ? failure : { flight: null, error: failure };
      if (this.abort.signal.aborted) {
        if (this.draining) return NEVER;
        return this.cancelled(path, spec, attempt);
      }
      const settled = await this.recordFailure(path, spec, attempt, flight, error);
      if (settled !== null) return settled;
      attempt += 1;
    }
  }

  /** Journals a failed attempt. Null when another one is to be made, after its delay. */
  private async recordFailure(
    path: string,
    spec: StepSpec,
    attempt: number,
    flight: Flight | null,
    error: unknown,
  ): Promise<StepOutcome | null> {
    const serialized = serializeError(error);
    if (!(error instanceof StepError)) {
      this.host.logger.error({ err: error, run_id: this.run.id, step: path }, 'step threw an unexpected error');
    }
    const failure = {
      code: serialized.code,
      retryable: error instanceof StepError ? error.retryable : true,
      retryAfterMs: error instanceof StepError ? error.retryAfterMs : undefined,
    };
    const delay = retryDelay(spec.retry, attempt, failure, this.host.random);
    const at = this.host.clock.now();
    const opened = flight?.openedAt ?? at;
    const common = {
      step: path,
      attempt,
      at,
      ...(flight?.announced === true ? { startedAt: opened } : { openedAt: opened }),
      redact: flight?.redact,
    };
    const data = { ...(flight === null ? specData(spec) : openingData(flight)), error: serialized as unknown as Json };
    if (delay === null) {
      this.journal.append({ ...common, type: 'step.failed', data });
      return { status: 'failed', error: this.history.steps.get(path)?.error ?? serialized };
    }
    this.journal.append({ ...common, type: 'step.retrying', data: { ...data, next_at: at + delay } });
    return (await this.waitForRetry(path, at + delay)) ? null : this.cancelled(path, spec, attempt);
  }

  private async waitForRetry(path: string, until: number): Promise<boolean> {
    if (until <= this.host.clock.now()) return true;
    return (await this.wait(path, { kind: 'timer', until })).kind === 'due';
  }

  private cancelled(path: string, spec: StepSpec, attempt: number): StepOutcome {
    const record = this.history.steps.get(path);
    // A step that never began needs no row: it is simply not reached.
    if (record?.status === 'open' || (record === undefined && this.wasInFlight.delete(path))) {
      const reason = this.stopping?.reason ?? 'run_failed';
      this.journal.append({ type: 'step.cancelled', step: path, attempt, at: this.host.clock.now(), data: { ...specData(spec), reason } });
    }
    return { status: 'cancelled' };
  }

  private readonly wasInFlight = new Set<string>();

  /** One execution of a step's work. Throws `AttemptError`. */
  async attempt(
    path: string,
    spec: StepSpec,
    attempt: number,
    pure: boolean,
    prepare: () => StepInput,
    work: (flight: Flight, input: StepInput, signal: AbortSignal) => Promise<Json>,
  ): Promise<{ flight: Flight; output: Json }> {
    if (!pure) {
      const durable = this.journal.durable();
      if (durable !== undefined) await this.whileBusy(durable);
      if (this.draining) return NEVER;
      if (this.abort.signal.aborted) throw new RunStoppedError('cancelled');
      crashPoint('step.before-execute');
    }
    let flight: Flight | null = null;
    let timer: NodeJS.Timeout | null = null;
    let unlink: (() => void) | null = null;
    try {
      const input = prepare();
      const current = this.newFlight(path, spec, attempt, input);
      flight = current;
      let signal = this.abort.signal;
      this.flights.add(current);
      const output = await new Promise<Json>((resolve, reject) => {
        current.reject = reject;
        if (spec.timeoutMs !== undefined) {
          const own = linkedAbort(signal);
          signal = own.controller.signal;
          unlink = own.unlink;
          timer = setTimeout(() => {
            const timeout = new StepError('timeout', `The step did not finish within ${spec.timeoutMs} ms.`);
            own.controller.abort(timeout);
            reject(timeout);
          }, Math.min(spec.timeoutMs, MAX_TIMER_MS));
        }
        work(current, input, signal).then(resolve, reject);
      });
      if (!pure) crashPoint('step.after-execute');
      return { flight: current, output };
    } catch (error) {
      this.wasInFlight.add(path);
      throw new AttemptError(flight, error);
    } finally {
      if (flight !== null) this.flights.delete(flight);
      if (timer !== null) clearTimeout(timer);
      (unlink as (() => void) | null)?.();
      this.scheduleQuietCheck();
    }
  }

  private newFlight(path: string, spec: StepSpec, attempt: number, input: StepInput): Flight {
    return {
      path,
      attempt,
      openedAt: this.host.clock.now(),
      nodeId: spec.nodeId,
      nodeType: spec.nodeType,
      announced: false,
      recorded: input.recorded,
      secrets: input.secrets,
      redact: redactor(input.secrets),
      reject: () => undefined,
    };
  }

  // --- What calls use ----------------------------------------------------------------------------------------------

  idempotencyKey(path: string): string {
    return `${this.run.id}/${path}/${this.runAttempt}`;
  }

  emit(flight: Flight, type: RunEventType, data: JsonObject): void {
    if (this.isGone()) return;
    this.announce(flight);
    this.journal.append({ type, step: flight.path, attempt: flight.attempt, at: this.host.clock.now(), data, redact: flight.redact });
  }

  announce(flight: Flight): void {
    if (flight.announced) return;
    flight.announced = true;
    this.journal.append({
      type: 'step.started',
      step: flight.path,
      attempt: flight.attempt,
      at: flight.openedAt,
      data: openingData(flight),
      redact: flight.redact,
    });
  }

  /** Journals that a branch waits, once, and waits. Never returns when the run parks meanwhile. */
  async waitFor(flight: Flight, key: string, record: WaitRecord): Promise<WaitResult> {
    const known = this.history.steps.get(flight.path)?.waits.get(key);
    if (known === undefined) {
      flight.announced = true;
      this.journal.append({
        type: 'step.waiting',
        step: flight.path,
        attempt: flight.attempt,
        at: this.host.clock.now(),
        ...(this.history.steps.has(flight.path) ? { startedAt: flight.openedAt } : { openedAt: flight.openedAt }),
        data: { ...openingData(flight), key, wait: record as unknown as Json },
        redact: flight.redact,
      });
    } else if (record.kind !== 'timer') {
      // What a replayed wait is about may have arrived while nobody was listening.
      this.arrivalsDue = true;
    }
    return await this.wait(flight.path, known ?? record);
  }

  knownWait(path: string, key: string): WaitRecord | undefined {
    return this.history.steps.get(path)?.waits.get(key);
  }

  recordSignal(path: string, id: number, payload: Json): void {
    const at = this.host.clock.now();
    this.journal.append({ type: 'step.completed', step: path, attempt: 1, at, openedAt: at, data: { output: payload, signal_id: id } });
  }

  recordedOutput(path: string): Json | undefined {
    const record = this.history.steps.get(path);
    return record?.status === 'success' ? (record.output ?? null) : undefined;
  }

  async startChild(flight: Flight, step: string, request: ChildRunRequest): Promise<string> {
    this.announce(flight);
    const durable = this.journal.durable();
    if (durable !== undefined) await this.whileBusy(durable);
    if (this.abort.signal.aborted) throw new RunStoppedError('cancelled');
    const { runId, created } = await this.whileBusy(this.host.startChild(this.run, step, request));
    if (!created) this.arrivalsDue = true;
    crashPoint('child.after-create');
    return runId;
  }

  now(): number {
    return this.host.clock.now();
  }

  // --- Waiting and parking -----------------------------------------------------------------------------------------

  private async wait(path: string, record: WaitRecord): Promise<WaitResult> {
    if (this.isGone()) return NEVER;
    if (this.abort.signal.aborted && !this.draining) return { kind: 'aborted' };
    const result = this.waits.add(path, record);
    this.armDueTimer();
    this.scheduleQuietCheck();
    return await result;
  }

  private armDueTimer(): void {
    if (this.dueTimer !== null) clearTimeout(this.dueTimer);
    this.dueTimer = null;
    const due = this.waits.nextDue();
    if (due === null || this.left) return;
    const delay = Math.max(0, due - this.host.clock.now());
    this.dueTimer = setTimeout(() => {
      this.waits.fireDue(this.host.clock.now());
      this.armDueTimer();
    }, Math.min(delay, MAX_TIMER_MS));
  }

  private async whileBusy<T>(promise: Promise<T>): Promise<T> {
    this.busy += 1;
    try {
      return await promise;
    } finally {
      this.busy -= 1;
      this.scheduleQuietCheck();
    }
  }

  /** Looks, after everything that can go on has gone on, whether the run only waits. */
  private scheduleQuietCheck(): void {
    if (this.parkTimer !== null) clearTimeout(this.parkTimer);
    this.parkTimer = null;
    if (this.quietCheck !== null || this.left || (this.waits.size === 0 && !this.draining)) return;
    this.quietCheck = setImmediate(() => {
      this.quietCheck = null;
      this.whenQuiet();
    });
  }

  private whenQuiet(): void {
    if (this.isGone() || this.leaving || this.flights.size > 0 || this.busy > 0) return;
    if (this.draining) return void this.leaveWith({ kind: 'release' }, 'released');
    if (this.waits.size === 0 || this.stopping !== null) return;
    if (this.arrivalsDue) return void this.checkArrivals();
    const due = this.nextDue();
    const untilDue = due === null ? Infinity : due - this.host.clock.now();
    if (untilDue <= this.host.parkAfterMs) return;
    const grace = this.waits.hasExternal() ? this.host.parkAfterMs : 0;
    if (grace === 0) return this.park();
    this.parkTimer = setTimeout(() => {
      this.parkTimer = null;
      if (!this.isGone() && this.flights.size === 0 && this.busy === 0 && !this.arrivalsDue) this.park();
    }, grace);
  }

  private async checkArrivals(): Promise<void> {
    this.arrivalsDue = false;
    try {
      const arrivals = await this.whileBusy(
        this.host.store.loadArrivals({ runId: this.run.id, childIds: this.waits.childIds(), signals: this.waits.hasSignals() }),
      );
      if (this.isGone() || this.leaving) return;
      this.wakes = arrivals.wakes;
      if (arrivals.cancel !== null) return this.cancel(arrivals.cancel.reason);
      this.waits.deliver(arrivals, this.history.takenSignals);
      this.armDueTimer();
    } catch (error) {
      this.host.logger.warn({ err: error, run_id: this.run.id }, 'could not look for arrivals, will try again');
      setTimeout(() => this.wake(), ARRIVALS_RETRY_MS);
    }
  }

  /** Epoch milliseconds at which time alone makes the run go on: its first timer or its own limit. */
  private nextDue(): number | null {
    const due = this.waits.nextDue();
    return due === null ? this.deadline : this.deadline === null ? due : Math.min(due, this.deadline);
  }

  private park(): void {
    const wakeAt = this.nextDue();
    this.journal.append({
      type: 'run.waiting',
      at: this.host.clock.now(),
      data: { steps: this.waits.paths().filter((path) => path !== ''), ...(wakeAt === null ? {} : { until: new Date(wakeAt).toISOString() }) },
    });
    void this.leaveWith({ kind: 'park', wakeAt, wakes: this.wakes }, 'parked');
  }

  private async leaveWith(transition: Parameters<RunJournal['finish']>[0], how: LeftHow): Promise<void> {
    this.leaving = true;
    try {
      await this.journal.finish(transition);
      this.leave(how);
    } catch (error) {
      this.onJournalClosed(error);
    }
  }

  // --- Leaving -----------------------------------------------------------------------------------------------------

  private isGone(): boolean {
    return this.left || this.journal.isClosed;
  }

  private onJournalClosed(error: unknown): void {
    if (this.left) return;
    this.abort.abort(new RunStoppedError('lease_lost'));
    const rejected = error instanceof JournalClosedError && error.reason === 'rejected';
    if (rejected) this.host.logger.error({ err: error.cause, run_id: this.run.id }, 'the store refused what a run wrote');
    this.leave(rejected ? 'rejected' : 'dropped');
  }

  private leave(how: LeftHow, status?: TerminalRunStatus): void {
    if (this.left) return;
    this.left = true;
    for (const timer of [this.parkTimer, this.dueTimer, this.deadlineTimer, this.graceTimer]) if (timer !== null) clearTimeout(timer);
    if (this.quietCheck !== null) clearImmediate(this.quietCheck);
    this.host.onLeft(this, how, status);
  }
}

/** setTimeout overflows beyond this; a timer that fires early is armed again or wakes up through the store. */
const MAX_TIMER_MS = 2_000_000_000;
const ARRIVALS_RETRY_MS = 500;

/** A failed attempt, with the flight it was made in when it came that far. */
class AttemptError extends Error {
  constructor(
    readonly flight: Flight | null,
    readonly error: unknown,
  ) {
    super('attempt failed', { cause: error });
  }
}

function openingData(flight: Flight): JsonObject {
  return {
    node_id: flight.nodeId,
    node_type: flight.nodeType,
    ...(flight.recorded === undefined ? {} : { inputs: flight.recorded }),
  };
}

function specData(spec: StepSpec): JsonObject {
  return { node_id: spec.nodeId, node_type: spec.nodeType };
}

function outcomeOf(record: StepRecord): StepOutcome {
  switch (record.status) {
    case 'success':
      return { status: 'success', output: record.output ?? null };
    case 'failed':
      return { status: 'failed', error: record.error ?? { code: 'unknown', message: 'unknown' } };
    case 'skipped':
      return { status: 'skipped' };
    default:
      return { status: 'cancelled' };
  }
}

function isSettledRecord(record: StepRecord | undefined): boolean {
  return record !== undefined && record.status !== 'open';
}

/** A controller of its own that follows another signal until it is unlinked. */
function linkedAbort(parent: AbortSignal): { controller: AbortController; unlink: () => void } {
  const controller = new AbortController();
  if (parent.aborted) controller.abort(parent.reason);
  const follow = (): void => controller.abort(parent.reason);
  parent.addEventListener('abort', follow, { once: true });
  return { controller, unlink: () => parent.removeEventListener('abort', follow) };
}
