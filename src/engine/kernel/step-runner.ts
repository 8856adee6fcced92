import { crashPoint } from '../crash-points.js';
import type { RunHistory, StepRecord, WaitRecord } from '../journal/run-history.js';
import { JournalClosedError, type RunJournal } from '../journal/run-journal.js';
import type { Json, JsonObject } from '../model/json.js';
import type { RunEventType } from '../model/run-event.js';
import { serializeError, StepError, type SerializedError } from '../model/step-error.js';
import { retryDelay } from '../policy/retry.js';
import type { ArtifactRef, Artifacts, NewArtifact } from '../ports/artifacts.js';
import type { Clock } from '../ports/clock.js';
import type { EngineLogger } from '../ports/logger.js';
import type { ChildRunRequest, DurableCall, NodeCall, RunInfo } from '../ports/node-type.js';
import { StoreUnavailableError } from '../ports/run-store.js';
import { DurableStepCall, type DurableHost } from './durable-call.js';
import { newFlight, opening, openingData, specData, type Flight } from './flight.js';
import { performBounded } from './perform-bounded.js';
import { NEVER, type RunActivity } from './run-activity.js';
import type { RunContext, StepInput, StepOutcome, StepSpec } from './run-context.js';
import { RunStoppedError, type StopReason } from './run-stopped.js';
import type { RunWaits } from './run-waits.js';
import { StepCall, type StepWork } from './step-call.js';
import type { WaitResult } from './wait-set.js';

const STORE_RETRY_MS = 200;

/** What the steps of a run ask of the engine around it. */
export interface StepsHost {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: EngineLogger;
  readonly artifacts: Artifacts | null;
  startChild(parent: RunInfo, step: string, request: ChildRunRequest): Promise<{ runId: string; created: boolean }>;
  /** Settles once the cancel is accepted. */
  cancelChild(tenant: string, runId: string): Promise<void>;
}

/** Makes one attempt of a step. Throws `AttemptError`, or what the step threw. */
type Attempt = (attempt: number) => Promise<{ flight: Flight; output: Json }>;

/**
 * The steps of one run: makes attempts, journals how they end, and answers from the journal what is settled already.
 *
 * Invariants: an effectful attempt starts only when everything appended before it is durable; a row about a step is
 * appended by exactly one branch of the program; nothing is appended once the run is gone from here.
 */
export class StepRunner implements RunContext, DurableHost {
  /** Attempts that ended without a row of their own yet. */
  private readonly unrecorded = new Set<string>();
  private readonly childCancels = new Set<Promise<void>>();
  /** Set once the run is being stopped from outside. */
  private stopped: 'cancelled' | 'run_timeout' | null = null;

  constructor(
    readonly run: RunInfo,
    readonly history: RunHistory,
    private readonly journal: RunJournal,
    private readonly activity: RunActivity,
    private readonly waits: RunWaits,
    private readonly host: StepsHost,
  ) {}

  get inputs(): JsonObject {
    return this.history.inputs;
  }

  get runAttempt(): number {
    return this.history.runAttempt;
  }

  get signal(): AbortSignal {
    return this.activity.signal;
  }

  // --- What interpreters call ------------------------------------------------------------------------------------

  step(path: string, spec: StepSpec, prepare: () => StepInput, work: StepWork<NodeCall>): Promise<StepOutcome> {
    return this.settle(path, spec, (attempt) => this.attempt(path, spec, attempt, prepare, work));
  }

  durableStep(path: string, spec: StepSpec, prepare: () => StepInput, work: StepWork<DurableCall>): Promise<StepOutcome> {
    return this.settle(path, spec, async (attempt) => {
      const input = prepare();
      const known = this.begunBefore(path, attempt);
      const flight = newFlight(path, spec, attempt, input, known ?? this.now(), known !== null);
      flight.announced = known !== null;
      const deadline = spec.timeoutMs === undefined ? null : flight.openedAt + spec.timeoutMs;
      const call = new DurableStepCall(this, flight, input.config, input.inputs, this.signalOf(spec), flight.openedAt, deadline);
      try {
        return { flight, output: await work(call) };
      } catch (error) {
        throw new AttemptError(flight, error);
      }
    });
  }

  skip(path: string, spec: StepSpec, reason: string): StepOutcome {
    if (this.activity.gone) return { status: 'cancelled' };
    if (this.history.steps.get(path)?.status !== 'skipped') {
      this.journal.append({ type: 'step.skipped', step: path, at: this.now(), data: { ...specData(spec), reason } });
    }
    return { status: 'skipped' };
  }

  settleFanOut(path: string, spec: StepSpec, items: number, error: SerializedError | null): void {
    if (error !== null) return void this.fail(path, spec, error, { items });
    if (this.activity.gone || isSettled(this.history.steps.get(path))) return;
    const at = this.now();
    this.journal.append({ type: 'step.completed', step: path, attempt: 1, at, openedAt: at, data: { ...specData(spec), items } });
  }

  fail(path: string, spec: StepSpec, error: SerializedError, more: JsonObject = {}): StepOutcome {
    if (!this.activity.gone && !isSettled(this.history.steps.get(path))) {
      const at = this.now();
      const data = { ...specData(spec), ...more, error: asJson(error) };
      this.journal.append({ type: 'step.failed', step: path, attempt: 1, at, openedAt: spec.beganAt ?? at, data });
    }
    return { status: 'failed', error };
  }

  abortBranches(): void {
    if (this.activity.gone || this.activity.aborted) return;
    this.stopAll('run_failed');
  }

  async lastWords(work: (reason: 'cancelled' | 'run_timeout') => Promise<void>): Promise<void> {
    const { activity, stopped } = this;
    if (stopped === null || !this.history.started || activity.gone || activity.draining) return;
    activity.reset();
    const limit = setTimeout(() => activity.abortWork(stopped), activity.stopGraceMs).unref();
    await work(stopped);
    clearTimeout(limit);
    activity.abortWork(stopped);
  }

  /** Stops what is under way and waited for, children included. */
  stopAll(reason: StopReason): void {
    if (reason === 'cancelled' || reason === 'run_timeout') this.stopped = reason;
    for (const child of this.history.openChildren()) this.cancelChild(child);
    this.activity.abortWork(reason);
    this.waits.abortAll();
  }

  /** Until then a run that stops must not end: nobody would look after its children any more. */
  async childrenCancelled(): Promise<void> {
    while (this.childCancels.size > 0) await Promise.all(this.childCancels);
  }

  /** Only once the reason is durable: a crash must not undo the failure of a step and leave the child cancelled for it. */
  cancelChild(runId: string): void {
    const cancel = (this.journal.durable() ?? Promise.resolve())
      .then(() => this.host.cancelChild(this.run.tenant, runId))
      .catch(() => undefined)
      .finally(() => this.childCancels.delete(cancel));
    this.childCancels.add(cancel);
  }

  // --- Attempts and how they end ---------------------------------------------------------------------------------

  private async settle(path: string, spec: StepSpec, make: Attempt): Promise<StepOutcome> {
    const record = this.history.steps.get(path);
    if (record !== undefined && record.status !== 'open') return outcomeOf(record);
    let attempt = record?.attempt ?? 1;
    if (record !== undefined && record.retryAt !== null) {
      if (!(await this.waitForRetry(path, spec, record.retryAt))) return this.cancelled(path, spec, attempt);
      attempt += 1;
    }
    for (;;) {
      if (this.activity.draining) return NEVER;
      if (this.isStopped(spec)) return this.cancelled(path, spec, attempt);
      try {
        const { flight, output } = await make(attempt);
        if (this.activity.gone) return NEVER;
        return this.recordSuccess(path, attempt, flight, output);
      } catch (fault) {
        if (fault instanceof JournalClosedError || this.activity.gone) return NEVER;
        if (this.isStopped(spec)) return this.activity.draining ? NEVER : this.cancelled(path, spec, attempt);
        const { flight, error } = fault instanceof AttemptError ? fault : { flight: null, error: fault };
        const delayed = this.recordFailure(path, spec, attempt, flight, error);
        if (delayed.outcome !== null) return delayed.outcome;
        if (!(await this.waitForRetry(path, spec, delayed.until))) return this.cancelled(path, spec, attempt);
      }
      attempt += 1;
    }
  }

  private recordSuccess(path: string, attempt: number, flight: Flight, output: Json): StepOutcome {
    this.journal.append({
      type: 'step.completed',
      step: path,
      attempt,
      at: this.now(),
      ...opening(flight),
      data: { ...openingData(flight), output },
      redact: flight.redact,
    });
    // A masked output is what a replay will see, so it is what the run goes on with.
    return { status: 'success', output: flight.redact === undefined ? output : (this.history.steps.get(path)?.output ?? null) };
  }

  /** Journals a failed attempt; without an outcome, another one is to be made at `until` (epoch milliseconds). */
  private recordFailure(
    path: string,
    spec: StepSpec,
    attempt: number,
    flight: Flight | null,
    error: unknown,
  ): { outcome: StepOutcome; until: null } | { outcome: null; until: number } {
    const serialized = serializeError(error);
    if (!(error instanceof StepError)) {
      this.host.logger.error({ err: error, run_id: this.run.id, step: path }, 'a step threw an unexpected error');
    }
    const failure = {
      code: serialized.code,
      retryable: error instanceof StepError ? error.retryable : true,
      retryAfterMs: error instanceof StepError ? error.retryAfterMs : undefined,
    };
    const delay = retryDelay(spec.retry, attempt, failure, this.host.random);
    const at = this.now();
    const row = { step: path, attempt, at, ...(flight === null ? { openedAt: at } : opening(flight)), redact: flight?.redact };
    const data = { ...(flight === null ? specData(spec) : openingData(flight)), error: asJson(serialized) };
    if (delay === null) {
      this.journal.append({ ...row, type: 'step.failed', data });
      return { outcome: { status: 'failed', error: this.history.steps.get(path)?.error ?? serialized }, until: null };
    }
    this.journal.append({ ...row, type: 'step.retrying', data: { ...data, next_at: at + delay } });
    return { outcome: null, until: at + delay };
  }

  private async waitForRetry(path: string, spec: StepSpec, until: number): Promise<boolean> {
    return until <= this.now() || (await this.waits.wait(path, { kind: 'timer', until }, spec.signal)).kind === 'due';
  }

  private isStopped(spec: Pick<StepSpec, 'signal'>): boolean {
    return this.activity.aborted || spec.signal?.aborted === true;
  }

  private signalOf(spec: Pick<StepSpec, 'signal'>): AbortSignal {
    return spec.signal === undefined ? this.signal : AbortSignal.any([this.signal, spec.signal]);
  }

  private cancelled(path: string, spec: StepSpec, attempt: number): StepOutcome {
    // A step that never began needs no row: it is simply not reached.
    const began = this.unrecorded.delete(path) || this.history.steps.get(path)?.status === 'open';
    if (began && !this.activity.gone) {
      const { reason } = this.signalOf(spec).reason as RunStoppedError;
      this.journal.append({ type: 'step.cancelled', step: path, attempt, at: this.now(), data: { ...specData(spec), reason } });
    }
    return { status: 'cancelled' };
  }

  private async attempt(
    path: string,
    spec: StepSpec,
    attempt: number,
    prepare: () => StepInput,
    work: StepWork<NodeCall>,
  ): Promise<{ flight: Flight; output: Json }> {
    if (!spec.pure) {
      const durable = this.journal.durable();
      if (durable !== undefined) await this.waits.whileBusy(durable);
      if (this.activity.draining) return NEVER;
      if (this.isStopped(spec)) throw this.signalOf(spec).reason;
      crashPoint('step.before-execute');
    }
    const input = prepare();
    const flight = newFlight(path, spec, attempt, input, spec.beganAt ?? this.now(), this.begunBefore(path, attempt) !== null);
    this.activity.flights.add(flight);
    try {
      const output = await this.perform(flight, spec, input, work);
      if (!spec.pure) crashPoint('step.after-execute');
      return { flight, output };
    } catch (error) {
      this.unrecorded.add(path);
      throw new AttemptError(flight, error);
    } finally {
      this.activity.flights.delete(flight);
      this.waits.changed();
    }
  }

  /** When this attempt began according to the journal, if it did and did not end. */
  private begunBefore(path: string, attempt: number): number | null {
    const record = this.history.steps.get(path);
    return record?.status === 'open' && record.attempt === attempt && record.retryAt === null ? record.startedAt : null;
  }

  private perform(flight: Flight, spec: StepSpec, input: StepInput, work: StepWork<NodeCall>): Promise<Json> {
    return performBounded(
      flight,
      { signal: this.signal, timeoutMs: spec.timeoutMs, onScopeAbort: (reason) => this.giveUp(flight, reason) },
      (signal) => work(new StepCall(this, flight, input.config, input.inputs, signal)),
    );
  }

  /** Work that does not stop in time when only its step is stopped. */
  private giveUp(flight: Flight, reason: Error): void {
    setTimeout(() => {
      if (this.activity.flights.has(flight)) flight.reject(reason);
    }, this.activity.stopGraceMs).unref();
  }

  // --- What calls use --------------------------------------------------------------------------------------------

  now(): number {
    return this.host.clock.now();
  }

  idempotencyKey(path: string): string {
    return `${this.run.id}/${path}/${this.runAttempt}`;
  }

  emit(flight: Flight, type: RunEventType, data: JsonObject): void {
    if (this.activity.gone) return;
    this.announce(flight);
    this.journal.append({ type, step: flight.path, attempt: flight.attempt, at: this.now(), data, redact: flight.redact });
  }

  async artifact(flight: Flight, file: NewArtifact, signal: AbortSignal): Promise<ArtifactRef> {
    const { artifacts } = this.host;
    if (artifacts === null) throw new StepError('artifacts_unavailable', 'This server keeps no artifacts.', { retryable: false });
    if (this.activity.gone) return NEVER;
    const { id: runId, tenant } = this.run;
    const ref = await this.waits.whileBusy(
      artifacts.store({ ...file, tenant, runId, epoch: this.journal.epoch, step: flight.path, signal }),
    );
    this.emit(flight, 'artifact.created', { ...ref });
    return ref;
  }

  /** Writes the `step.started` row of an attempt whose end does not follow at once. */
  announce(flight: Flight): void {
    if (flight.announced || this.hasEnded(flight)) return;
    flight.beforeStart?.();
    flight.announced = true;
    const { path: step, attempt, openedAt: at, redact } = flight;
    this.journal.append({ type: 'step.started', step, attempt, at, data: { attempt, ...openingData(flight) }, redact });
  }

  /** What still goes on inside of an attempt that is over does not begin it anew. */
  private hasEnded({ path, attempt }: Flight): boolean {
    const record = this.history.steps.get(path);
    return (
      record !== undefined && (isSettled(record) || record.attempt > attempt || (record.attempt === attempt && record.retryAt !== null))
    );
  }

  /** Announces attempts that are under way for longer than `slowAfterMs`. */
  announceSlow(now: number, slowAfterMs: number): void {
    for (const flight of this.activity.flights) if (now - flight.openedAt >= slowAfterMs) this.announce(flight);
  }

  async waitFor(flight: Flight, key: string, record: WaitRecord): Promise<WaitResult> {
    if (this.activity.gone) return NEVER;
    const known = this.history.steps.get(flight.path)?.waits.get(key);
    if (known === undefined) {
      this.journal.append({
        type: 'step.waiting',
        step: flight.path,
        attempt: flight.attempt,
        at: this.now(),
        ...opening(flight),
        data: { ...openingData(flight), key, wait: { ...record } },
        redact: flight.redact,
      });
      flight.announced = true;
    }
    // A child that was being created when the run was stopped.
    if (record.kind === 'child' && !this.activity.draining && this.isStopped({ signal: flight.scope })) this.cancelChild(record.run_id);
    // What a replayed wait is about may have arrived while nobody was listening; a signal may come long before its wait.
    if (record.kind === 'signal' || (record.kind === 'child' && known !== undefined)) this.waits.lookForArrivals();
    const result = await this.waits.wait(flight.path, known ?? record, flight.scope);
    if (result.kind === 'aborted' && record.kind === 'child' && flight.scope?.aborted === true) {
      this.cancelChild(record.run_id);
    }
    return result;
  }

  recordedOutput(path: string): Json | undefined {
    const record = this.history.steps.get(path);
    return record?.status === 'success' ? (record.output ?? null) : undefined;
  }

  recordSignal(path: string, id: number, payload: Json): void {
    const at = this.now();
    this.journal.append({ type: 'step.completed', step: path, attempt: 1, at, openedAt: at, data: { output: payload, signal_id: id } });
  }

  async startChild(flight: Flight, step: string, request: ChildRunRequest): Promise<string> {
    this.announce(flight);
    const durable = this.journal.durable();
    if (durable !== undefined) await this.waits.whileBusy(durable);
    if (this.activity.draining) return NEVER;
    if (this.isStopped({ signal: flight.scope })) throw this.signalOf({ signal: flight.scope }).reason;
    // A child of an earlier run attempt is not the one that this attempt asks for.
    const unique = this.runAttempt === 1 ? step : `${step}~${this.runAttempt}`;
    const { runId, created } = await this.waits.whileBusy(this.patiently(() => this.host.startChild(this.run, unique, request)));
    if (!created) this.waits.lookForArrivals();
    crashPoint('child.after-create');
    return runId;
  }

  /** Tries again for as long as the store is away: that is no fault of the step. What is done twice is recognised. */
  private async patiently<T>(action: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await action();
      } catch (error) {
        if (!(error instanceof StoreUnavailableError) || this.activity.gone || this.activity.aborted) throw error;
        this.host.logger.warn({ err: error, run_id: this.run.id }, 'the store is away, will try again');
        await new Promise((resolve) => setTimeout(resolve, STORE_RETRY_MS));
      }
    }
  }
}

/** A failed attempt and the flight it was made in. */
class AttemptError extends Error {
  constructor(
    readonly flight: Flight,
    readonly error: unknown,
  ) {
    super('attempt failed', { cause: error });
  }
}

function asJson(error: SerializedError): Json {
  return error as unknown as Json;
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

function isSettled(record: StepRecord | undefined): boolean {
  return record !== undefined && record.status !== 'open';
}
