import { crashPoint } from '../crash-points.js';
import { GroupCommit } from '../journal/group-commit.js';
import type { JournalEntry } from '../journal/journal-entry.js';
import { LargeOutputs } from '../journal/large-outputs.js';
import { RunHistory } from '../journal/run-history.js';
import { RunJournal } from '../journal/run-journal.js';
import type { Json } from '../model/json.js';
import type { TerminalRunStatus } from '../model/statuses.js';
import { serializeError, StepError, type SerializedError } from '../model/step-error.js';
import { systemClock, type Clock } from '../ports/clock.js';
import type { StoredDefinition } from '../ports/definitions.js';
import type { ChildRunRequest, RunInfo } from '../ports/node-type.js';
import { StoreUnavailableError, type ClaimedRun, type PauseRequest } from '../ports/run-store.js';
import { closeOpenSteps } from './close-open-steps.js';
import { CreateBatcher } from './create-batcher.js';
import type { CancelReceipt, EngineDependencies, EngineOptions, RunInspection } from './engine-options.js';
import { LeaseKeeper } from './lease-keeper.js';
import { Listeners } from './listeners.js';
import { claimedFrom, newRun, runInfo } from './new-run.js';
import type { Program } from './run-context.js';
import { RunExecution, type ExecutionHost, type LeftHow } from './run-execution.js';
import { ConcurrencyRejectedError, type SubmitRun, type SubmittedRun } from './submission.js';
import { Sweeper } from './sweeper.js';

const RESULT_NOT_STORABLE: SerializedError = {
  code: 'result_not_storable',
  message: 'A step produced a result that cannot be stored.',
  retryable: false,
};
const CLAIM_BATCH = 100;
const SLOW_STEP_MS = 25;
const DEPENDENT_CANCEL_RETRY_MS = 500;

/**
 * The durable kernel of one process: creates runs, claims and executes them, keeps their leases, wakes and cancels them.
 * Any number of processes share a store; each run is executed by whoever holds its lease.
 */
export class RunEngine {
  private readonly clock: Clock;
  private readonly executions = new Map<string, RunExecution>();
  private readonly lanes: GroupCommit[];
  private readonly creator: CreateBatcher;
  private readonly committed: Listeners<[entries: readonly JournalEntry[]]>;
  private readonly ended: Listeners<[runId: string, status: TerminalRunStatus]>;
  private readonly leases: LeaseKeeper;
  private readonly sweeper: Sweeper;
  private readonly host: ExecutionHost;
  /** Outputs that are kept outside of the journal. */
  readonly outputs: LargeOutputs;
  private accepting = false;
  /** Runs being created on this process's own lease. */
  private arriving = 0;
  private claiming = false;
  private claimAgain = false;
  private stopped = false;
  private readonly timers = new Set<NodeJS.Timeout>();
  private emptied: (() => void)[] = [];

  constructor(
    private readonly deps: EngineDependencies,
    readonly options: EngineOptions,
  ) {
    this.clock = deps.clock ?? systemClock;
    this.outputs = new LargeOutputs(deps.artifacts ?? null, options.maxInlineOutput);
    this.committed = new Listeners('committed rows', deps.logger);
    this.ended = new Listeners('the end of runs', deps.logger);
    this.leases = new LeaseKeeper(this.executions, options, { store: deps.store, clock: this.clock, logger: deps.logger });
    this.sweeper = new Sweeper({ ...deps, clock: this.clock, pollMs: options.pollMs, onReadied: () => this.ready() });
    if (!options.executes) this.sweeper.stop();
    this.creator = new CreateBatcher(deps.store, options.owner, options.leaseMs);
    const events = {
      onCommitted: (entries: readonly JournalEntry[]) => this.committed.tell(entries),
      onWoken: (runIds: readonly string[]) => this.onWoken(runIds),
    };
    this.lanes = Array.from({ length: options.journalLanes }, () => new GroupCommit(deps.store, events, deps.logger));
    this.host = {
      clock: this.clock,
      random: deps.random ?? Math.random,
      logger: deps.logger,
      artifacts: deps.artifacts ?? null,
      outputs: this.outputs,
      store: deps.store,
      parkAfterMs: options.parkAfterMs,
      stopGraceMs: options.stopGraceMs,
      startChild: (parent, step, request) => this.startChild(parent, step, request),
      cancelChild: (tenant, runId) => this.cancelQuietly(tenant, runId),
      onLeft: (execution, how, status) => this.onLeft(execution, how, status),
    };
  }

  // --- Life ----------------------------------------------------------------------------------------------------------

  /** Starts claiming, heartbeats and sweeps. */
  start(): void {
    this.accepting = this.options.executes;
    this.leases.start();
    this.every(Math.max(50, this.options.leaseMs / 3), () => this.heartbeat());
    if (!this.options.executes) return;
    const announcer = setInterval(() => {
      const now = this.clock.now();
      for (const execution of this.executions.values()) execution.announceSlow(now, SLOW_STEP_MS);
    }, SLOW_STEP_MS);
    announcer.unref();
    this.timers.add(announcer);
    this.sweeper.within(0);
    this.every(this.options.pollMs, () => this.claim());
    void this.claim();
  }

  /** Stops taking runs and lets running steps finish; hands each lease back as soon as it can. Resolves when none is held, or after `drainMs`. */
  async drain(drainMs: number): Promise<void> {
    this.accepting = false;
    for (const execution of this.executions.values()) execution.drain();
    await this.emptiedWithin(drainMs);
  }

  /**
   * Ends all activity: aborts running steps and hands their leases back so that another process continues at once. What
   * does not stop within the grace is left to the expiry of its lease.
   */
  async stop(): Promise<void> {
    this.accepting = false;
    for (const execution of this.executions.values()) execution.abortForShutdown();
    await this.emptiedWithin(this.options.stopGraceMs + 500);
    this.kill();
    await Promise.all(this.lanes.map((lane) => lane.settled()));
  }

  /** Drops everything at once, as a crash would: leases stay behind. */
  kill(): void {
    this.stopped = true;
    this.accepting = false;
    for (const timer of this.timers) clearTimeout(timer);
    this.sweeper.stop();
    for (const lane of this.lanes) lane.stop();
    for (const execution of this.executions.values()) execution.drop();
  }

  /** Called with rows of any run after each commit of this process, in journal order per run. Returns the unsubscriber. */
  onCommitted(listener: (entries: readonly JournalEntry[]) => void): () => void {
    return this.committed.add(listener);
  }

  /** Called after a run ended in this process. Returns the unsubscriber. */
  onEnded(listener: (runId: string, status: TerminalRunStatus) => void): () => void {
    return this.ended.add(listener);
  }

  // --- What users ask ------------------------------------------------------------------------------------------------

  /** Accepts a run durably. Throws `ConcurrencyRejectedError`, or `StoreUnavailableError` when nothing is known to be accepted. */
  async submit(request: SubmitRun): Promise<SubmittedRun> {
    const now = this.clock.now();
    const id = request.id ?? this.deps.newId();
    const claim = this.canHoldMore() && startsAtOnce(request);
    const kept = request.kept === undefined ? undefined : await this.outputs.keep(request.tenant, id, request.kept);
    const requested = kept === undefined ? request : { ...request, kept };
    let run = newRun(id, requested, now, claim);
    if (claim) this.arriving += 1;
    let outcome = await this.creator.create(run).finally(() => {
      if (claim) this.arriving -= 1;
    });
    if (outcome.outcome === 'paused') {
      run = newRun(id, requested, now, false);
      outcome = await this.creator.create(run);
    }
    if (outcome.outcome === 'rejected') {
      const { key, limit } = request.concurrency ?? { key: '', limit: 0 };
      throw new ConcurrencyRejectedError(key, limit, outcome.holders);
    }
    if (outcome.outcome === 'paused') throw new Error('a run that waits for its workflow was not created');
    if (outcome.outcome === 'exists') return { runId: outcome.runId, createdAt: now, status: 'pending', created: false };
    this.committed.tell([run.first]);
    if (outcome.leased) {
      this.execute(claimedFrom(run, now), request.definition, [run.first]);
      return { runId: id, createdAt: now, status: 'running', created: true };
    }
    for (const holder of outcome.cancelled ?? []) void this.cancelQuietly(request.tenant, holder);
    if (request.runAt === undefined) this.ready();
    else this.sweeper.within(request.runAt - now);
    return { runId: id, createdAt: now, status: 'pending', created: true };
  }

  /** Asks for a run's cancellation. Null when the tenant has no such run. */
  async cancel(params: { readonly tenant: string; readonly runId: string; readonly reason: string | null }): Promise<CancelReceipt | null> {
    const outcome = await this.deps.store.requestCancel(params);
    crashPoint('cancel.after-request');
    if (outcome.outcome === 'not_found') return null;
    if (outcome.outcome === 'terminal') return { status: outcome.status, terminal: true };
    const held = this.executions.get(params.runId);
    if (held !== undefined) {
      const stopping = held.activePaths();
      held.cancel(params.reason);
      return { status: 'cancelling', stopping };
    }
    const entries = (await this.deps.store.loadJournals([params.runId])).get(params.runId) ?? [];
    const stopping = RunHistory.from(entries).openSteps();
    if (outcome.owner === null) void this.finishCancel(params.runId);
    else this.deps.hints.wake([params.runId]);
    return { status: 'cancelling', stopping };
  }

  /** Holds back the runs of a workflow that have not started, until it is resumed. What has started goes on. */
  pauseWorkflow(request: PauseRequest): Promise<void> {
    return this.deps.store.pauseWorkflow(request);
  }

  /** Lets a paused workflow's runs start. False: it was not paused. */
  async resumeWorkflow(params: { readonly tenant: string; readonly workflowId: string }): Promise<boolean> {
    const resumed = await this.deps.store.resumeWorkflow(params);
    if (resumed) this.ready();
    return resumed;
  }

  /** Sends a signal to a run. False when the run is unknown or over. */
  async signal(params: {
    readonly tenant: string;
    readonly runId: string;
    readonly name: string;
    readonly payload: Json;
  }): Promise<boolean> {
    const accepted = await this.deps.store.sendSignal(params);
    if (accepted) this.onWoken([params.runId]);
    return accepted;
  }

  /** Word that a signal stored past this engine, in a module's own transaction, is committed. */
  woken(runIds: readonly string[]): void {
    this.onWoken(runIds);
  }

  /** Word from another process: runs are claimable. */
  hintReady(): void {
    void this.claim();
  }

  /** Word from another process: look at these runs if they are here. */
  hintWake(runIds: readonly string[]): void {
    const working: RunExecution[] = [];
    for (const runId of runIds) {
      const execution = this.executions.get(runId);
      execution?.wake();
      if (execution?.isWorking === true) working.push(execution);
    }
    // A run that only waits looks for itself; one that works has to be told of a cancel.
    if (working.length === 0) return;
    this.leases.renew(working).catch((error: unknown) => this.deps.logger.debug({ err: error }, 'left to the next heartbeat'));
  }

  /** A run's committed journal, oldest row first, large outputs outside; empty for an unknown run. */
  async journal(runId: string): Promise<JournalEntry[]> {
    return (await this.deps.store.loadJournals([runId])).get(runId) ?? [];
  }

  /** What a run held here is doing; null when it is not held here. */
  inspect(runId: string): RunInspection | null {
    const execution = this.executions.get(runId);
    if (execution === undefined) return null;
    return { running: execution.runningPaths(), waiting: execution.waitRecords() };
  }

  get held(): number {
    return this.executions.size;
  }

  // --- Claiming and executing ------------------------------------------------------------------------------------------

  /** Takes claimable runs until there are none or this process is full. Public so that tests can drive the loop by hand. */
  async claim(): Promise<void> {
    if (this.claiming) {
      this.claimAgain = true;
      return;
    }
    this.claiming = true;
    try {
      do {
        this.claimAgain = false;
        while (this.canHoldMore() && (await this.claimBatch()) > 0);
      } while (this.claimAgain && this.canHoldMore());
    } catch (error) {
      this.deps.logger.warn({ err: error }, 'could not claim runs, will try again');
    } finally {
      this.claiming = false;
    }
  }

  private async claimBatch(): Promise<number> {
    const { owner, leaseMs, concurrency } = this.options;
    const limit = Math.min(CLAIM_BATCH, concurrency - this.executions.size - this.arriving);
    const claimed = await this.deps.store.claimRuns({ owner, leaseMs, limit });
    if (claimed.length === 0) return 0;
    crashPoint('claim.after-commit');
    const journals = await this.deps.store.loadJournals(claimed.map((run) => run.id));
    await Promise.all(claimed.map((run) => this.executeClaimed(run, journals.get(run.id) ?? [])));
    if (claimed.some((run) => run.spaced)) this.sweeper.within(0);
    // A short batch means that the queue is empty.
    return claimed.length < limit ? 0 : claimed.length;
  }

  private async executeClaimed(claimed: ClaimedRun, entries: readonly JournalEntry[]): Promise<void> {
    try {
      const definition = await this.deps.definitions.byVersionId(claimed.versionId);
      this.execute(claimed, definition, await this.outputs.putBack(claimed.tenant, entries));
    } catch (error) {
      this.deps.logger.error({ err: error, run_id: claimed.id }, 'could not load a claimed run');
      // Trying again would find the same. Anything else passes: the lease runs out, and the run is claimed again.
      if (error instanceof StepError) await this.endUnexecutable(claimed, serializeError(error));
    }
  }

  private execute(claimed: ClaimedRun, definition: StoredDefinition, entries: readonly JournalEntry[]): void {
    const program = this.program(definition);
    const previous = this.executions.get(claimed.id);
    if (previous !== undefined) previous.drop();
    const history = RunHistory.from(entries);
    const journal = this.openJournal(claimed, history);
    const execution = new RunExecution(claimed, runInfo(claimed, definition), history, journal, program, this.host);
    this.executions.set(claimed.id, execution);
    void execution.execute();
  }

  private openJournal(claimed: ClaimedRun, history: RunHistory): RunJournal {
    const lane = this.lanes[laneOf(claimed.id, this.lanes.length)] as GroupCommit;
    const host = { outputs: this.outputs, logger: this.deps.logger, onDirty: lane.enqueue };
    return new RunJournal(claimed.id, claimed.tenant, claimed.epoch, history, host);
  }

  private onLeft(execution: RunExecution, how: LeftHow, status?: TerminalRunStatus): void {
    const runId = execution.run.id;
    if (this.executions.get(runId) === execution) this.executions.delete(runId);
    if (how === 'ended' && status !== undefined) this.ended.tell(runId, status);
    if (how === 'released') this.deps.hints.ready();
    if (how === 'parked') this.sweeper.within(0);
    if (how === 'parked' && execution.wasCalledBack) this.ready();
    if (how === 'rejected') void this.endUnexecutable(execution.claimed, RESULT_NOT_STORABLE);
    if (this.executions.size === 0) {
      const waiting = this.emptied;
      this.emptied = [];
      for (const resolve of waiting) resolve();
    }
    if (this.accepting && this.executions.size === this.options.concurrency - 1) void this.claim();
  }

  /** The interpreter of a definition's runs. Throws `StepError('definition_unusable')`. */
  program(definition: StoredDefinition): Program {
    try {
      return this.deps.programs(definition);
    } catch (error) {
      throw new StepError('definition_unusable', 'This server cannot execute the definition.', { retryable: false, cause: error });
    }
  }

  /** A run that can go no further, whoever executes it, ends as failed on what was committed. */
  private async endUnexecutable(claimed: ClaimedRun, error: SerializedError): Promise<void> {
    try {
      const entries = (await this.deps.store.loadJournals([claimed.id])).get(claimed.id) ?? [];
      const history = RunHistory.from(entries);
      if (history.terminal) return;
      await Promise.all(history.openChildren().map((child) => this.cancelQuietly(claimed.tenant, child)));
      const journal = this.openJournal(claimed, history);
      const at = this.clock.now();
      closeOpenSteps(history, journal, 'run_failed', at);
      journal.append({ type: 'run.failed', at, data: { error: { ...error } } });
      await journal.finish({ kind: 'end', status: 'failed', error, at });
      this.ended.tell(claimed.id, 'failed');
    } catch (fault) {
      this.deps.logger.error({ err: fault, run_id: claimed.id }, 'could not end a run that cannot be executed');
    }
  }

  private canHoldMore(): boolean {
    return this.accepting && this.executions.size + this.arriving < this.options.concurrency;
  }

  // --- Cancelling --------------------------------------------------------------------------------------------------------

  /** Ends a run that nobody holds as cancelled; needs no worker. */
  private async finishCancel(runId: string): Promise<void> {
    try {
      const { owner, leaseMs } = this.options;
      const claimed = await this.deps.store.claimRun({ runId, owner, leaseMs });
      if (claimed === null) return;
      const entries = (await this.deps.store.loadJournals([runId])).get(runId) ?? [];
      await this.executeClaimed(claimed, entries);
    } catch (error) {
      // The cancel is durable: whoever claims the run next ends it.
      this.deps.logger.warn({ err: error, run_id: runId }, 'could not finish a cancel at once');
      this.ready();
    }
  }

  private async cancelQuietly(tenant: string, runId: string): Promise<void> {
    for (;;) {
      try {
        await this.cancel({ tenant, runId, reason: 'cancelled together with the run that started or replaced it' });
        return;
      } catch (error) {
        this.deps.logger.warn({ err: error, run_id: runId }, 'could not cancel a dependent run');
        if (!(error instanceof StoreUnavailableError) || this.stopped) return;
        await new Promise((resolve) => setTimeout(resolve, DEPENDENT_CANCEL_RETRY_MS));
      }
    }
  }

  // --- Children ------------------------------------------------------------------------------------------------------------

  private async startChild(parent: RunInfo, step: string, request: ChildRunRequest): Promise<{ runId: string; created: boolean }> {
    if (parent.depth + 1 > this.options.maxDepth) {
      throw new StepError('depth_exceeded', `Runs may start runs ${this.options.maxDepth} levels deep.`, { retryable: false });
    }
    const definition = await this.deps.definitions.resolve(parent.tenant, request.workflow, request.version);
    if (definition === null) {
      const version = request.version === undefined ? '' : ` version ${request.version}`;
      throw new StepError('workflow_not_found', `There is no workflow "${request.workflow}"${version}.`, { retryable: false });
    }
    const inputs = this.deps.definitions.prepareInputs(definition, request.inputs);
    const id = this.deps.newId();
    const launch = { runId: id, trigger: 'run', createdAt: this.clock.now(), definition, inputs };
    const submitted = await this.submit({
      id,
      tenant: parent.tenant,
      definition,
      inputs,
      trigger: 'run',
      ...this.deps.programs(definition).launch({}, launch),
      parent: { runId: parent.id, step, depth: parent.depth + 1 },
    });
    return { runId: submitted.runId, created: submitted.created };
  }

  // --- Time -----------------------------------------------------------------------------------------------------------------

  /** Renews all leases. Work whose lease could not be renewed in time is stopped: somebody else may be doing it. */
  heartbeat(): Promise<void> {
    return this.leases.heartbeat();
  }

  /** Readies what time has made claimable and plans the next look. */
  sweep(): Promise<void> {
    return this.sweeper.sweep();
  }

  private every(ms: number, action: () => Promise<void>): void {
    const timer = setInterval(() => void action(), ms);
    timer.unref();
    this.timers.add(timer);
  }

  private emptiedWithin(ms: number): Promise<void> {
    if (this.executions.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.emptied.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  // --- Telling ------------------------------------------------------------------------------------------------------------------

  private onWoken(runIds: readonly string[]): void {
    const elsewhere: string[] = [];
    for (const runId of runIds) {
      const execution = this.executions.get(runId);
      if (execution === undefined) elsewhere.push(runId);
      else execution.wake();
    }
    if (elsewhere.length === 0) return;
    this.deps.hints.wake(elsewhere);
    this.ready();
  }

  private ready(): void {
    this.deps.hints.ready();
    void this.claim();
  }
}

/** Nothing has to be looked at before it starts. */
function startsAtOnce({ runAt, concurrency, rate, kept }: SubmitRun): boolean {
  return runAt === undefined && concurrency === undefined && rate === undefined && kept === undefined;
}

function laneOf(runId: string, lanes: number): number {
  return lanes === 1 ? 0 : Number.parseInt(runId.slice(-4), 16) % lanes;
}
