import type { JournalEntry } from '../journal/journal-entry.js';
import { outputRefOf } from '../journal/large-outputs.js';
import type { Json, JsonObject } from '../model/json.js';
import type { RunRate } from '../model/rate.js';
import type { TerminalRunStatus } from '../model/statuses.js';
import type { SerializedError } from '../model/step-error.js';
import {
  PRIORITY_POINT_MS,
  type AppendResult,
  type Arrivals,
  type CancelRequestOutcome,
  type ClaimedRun,
  type CreateOutcome,
  type HeartbeatResult,
  type JournalWrite,
  type LeaseRef,
  type NewRun,
  type PauseRequest,
  type RunStore,
  type SweepResult,
} from '../ports/run-store.js';

interface LiveRun {
  state: 'queued' | 'spaced' | 'paused' | 'ready' | 'leased' | 'waiting';
  readyAt: number;
  wakeAt: number | null;
  owner: string | null;
  leaseUntil: number;
  epoch: number;
  wakes: number;
  startedAt: number | null;
  cancel: { reason: string | null } | null;
}

interface StoredRun {
  readonly run: NewRun;
  readonly journal: JournalEntry[];
  readonly signals: { id: number; name: string; payload: Json }[];
  live: LiveRun | null;
  status: TerminalRunStatus | null;
  error: SerializedError | null;
}

/** The run store in memory: the port's rules in their shortest form, for tests of the kernel. Nothing survives the process. */
export class MemoryRunStore implements RunStore {
  private readonly runs = new Map<string, StoredRun>();
  /** By workflow: when the next start would come if all were evenly spaced. */
  private readonly nextStarts = new Map<string, number>();
  /** Their tenants, by workflow. */
  private readonly pausedWorkflows = new Map<string, string>();
  private signalId = 0;

  /** The store's own clock; tests move it. */
  constructor(private readonly now: () => number = () => Date.now()) {}

  async createRuns(params: {
    readonly runs: readonly NewRun[];
    readonly owner: string;
    readonly leaseMs: number;
  }): Promise<(CreateOutcome | Error)[]> {
    return params.runs.map((run) => this.create(run, params.owner, params.leaseMs));
  }

  private create(run: NewRun, owner: string, leaseMs: number): CreateOutcome {
    const existing = [...this.runs.values()].find(
      (other) =>
        other.run.id === run.id ||
        (run.parentRunId !== null && other.run.parentRunId === run.parentRunId && other.run.parentStep === run.parentStep),
    );
    if (existing !== undefined) return { outcome: 'exists', runId: existing.run.id };
    const holders = run.concurrency === null ? [] : this.holders(run.tenant, run.concurrency.key);
    const full = run.concurrency !== null && run.runAt === null && holders.length >= run.concurrency.limit;
    if (full && run.concurrency?.onConflict === 'reject') return { outcome: 'rejected', holders };
    if (run.claim && this.isPaused(run)) return { outcome: 'paused' };
    const state = run.runAt !== null ? 'waiting' : full ? 'queued' : run.rate !== null ? 'spaced' : run.claim ? 'leased' : 'ready';
    const leased = state === 'leased';
    this.runs.set(run.id, {
      run,
      journal: [run.first, ...run.kept],
      signals: [],
      status: null,
      error: null,
      live: {
        state,
        readyAt: run.runAt ?? this.now(),
        wakeAt: run.runAt,
        owner: leased ? owner : null,
        leaseUntil: leased ? this.now() + leaseMs : 0,
        epoch: leased ? 1 : 0,
        wakes: 0,
        startedAt: leased ? run.createdAt : null,
        cancel: null,
      },
    });
    if (!full || run.concurrency?.onConflict !== 'cancel_running') return { outcome: 'created', leased };
    const cancelled = this.toMakeRoom(run, run.concurrency);
    for (const id of cancelled) this.markCancelled((this.runs.get(id) as StoredRun).live as LiveRun, `replaced by run ${run.id}`);
    return { outcome: 'created', leased, cancelled };
  }

  async claimRuns(params: { readonly owner: string; readonly leaseMs: number; readonly limit: number }): Promise<ClaimedRun[]> {
    const due = this.dueStarts();
    const ready = this.inLine('ready').filter((stored) => !this.holdBack(stored));
    return [...due, ...ready].slice(0, params.limit).map((stored) => {
      const live = stored.live as LiveRun;
      const spaced = live.state === 'spaced';
      if (spaced) this.takeStart(stored.run);
      live.startedAt ??= this.now();
      return { ...this.lease(stored, live, params), spaced };
    });
  }

  /** Runs of a state in the order of claims. */
  private inLine(state: LiveRun['state']): StoredRun[] {
    const place = ({ run, live }: StoredRun): number => (live?.readyAt ?? 0) - run.priority * PRIORITY_POINT_MS;
    return [...this.runs.values()].filter(({ live }) => live?.state === state).sort((a, b) => place(a) - place(b));
  }

  private isPaused(run: NewRun): boolean {
    return run.workflowId !== null && this.pausedWorkflows.has(run.workflowId);
  }

  private holdBack({ run, live }: StoredRun): boolean {
    if (live?.startedAt !== null || live.cancel !== null || !this.isPaused(run)) return false;
    live.state = 'paused';
    return true;
  }

  /** Of each workflow with a rate those first in line that may start now. */
  private dueStarts(): StoredRun[] {
    const next = new Map(this.nextStarts);
    const waits = new Set<string | null>();
    return this.inLine('spaced').filter(({ run }) => {
      if (waits.has(run.workflowId) || this.isPaused(run) || this.untilStart(run, next) > 0) {
        waits.add(run.workflowId);
        return false;
      }
      this.takeStart(run, next);
      return true;
    });
  }

  private untilStart({ workflowId, rate }: NewRun, nextStarts: ReadonlyMap<string, number>): number {
    const { everyMs, burst } = rate as RunRate;
    return Math.max(this.now(), nextStarts.get(workflowId ?? '') ?? 0) - (burst - 1) * everyMs - this.now();
  }

  private takeStart({ workflowId, rate }: NewRun, nextStarts = this.nextStarts): void {
    nextStarts.set(workflowId ?? '', Math.max(this.now(), nextStarts.get(workflowId ?? '') ?? 0) + (rate as RunRate).everyMs);
  }

  async pauseWorkflow({ workflowId, tenant }: PauseRequest): Promise<void> {
    this.pausedWorkflows.set(workflowId, tenant);
  }

  async resumeWorkflow({ workflowId, tenant }: { readonly tenant: string; readonly workflowId: string }): Promise<boolean> {
    if (this.pausedWorkflows.get(workflowId) !== tenant) return false;
    this.pausedWorkflows.delete(workflowId);
    for (const { run, live } of this.inLine('paused')) {
      if (run.workflowId !== workflowId) continue;
      Object.assign(live as LiveRun, { state: run.concurrency === null ? 'ready' : 'queued', readyAt: this.now() });
      if (run.concurrency !== null) this.promote(run.tenant, run.concurrency.key);
    }
    return true;
  }

  async claimRun(params: { readonly runId: string; readonly owner: string; readonly leaseMs: number }): Promise<ClaimedRun | null> {
    const stored = this.runs.get(params.runId);
    if (stored?.live == null || (stored.live.state === 'leased' && stored.live.leaseUntil >= this.now())) return null;
    return this.lease(stored, stored.live, params);
  }

  private lease(stored: StoredRun, live: LiveRun, params: { readonly owner: string; readonly leaseMs: number }): ClaimedRun {
    Object.assign(live, {
      state: 'leased',
      owner: params.owner,
      leaseUntil: this.now() + params.leaseMs,
      epoch: live.epoch + 1,
      wakeAt: null,
    });
    const { id, tenant, kind, workflowId, versionId, subjectName, subjectVersion, depth, createdAt, timeoutMs, parentRunId, trigger } =
      stored.run;
    return {
      id,
      tenant,
      kind,
      workflowId,
      versionId,
      subjectName,
      subjectVersion,
      depth,
      createdAt,
      timeoutMs,
      parentRunId,
      trigger,
      epoch: live.epoch,
      wakes: live.wakes,
      startedAt: live.startedAt,
      cancel: live.cancel,
      spaced: false,
    };
  }

  async loadJournals(runIds: readonly string[]): Promise<Map<string, JournalEntry[]>> {
    return new Map(runIds.flatMap((id) => (this.runs.has(id) ? [[id, [...(this.runs.get(id) as StoredRun).journal]]] : [])));
  }

  async append(writes: readonly JournalWrite[]): Promise<AppendResult> {
    const result = { lost: new Set<string>(), cancelFirst: new Set<string>(), failed: new Map<string, Error>(), woken: [] as string[] };
    for (const write of writes) {
      const stored = this.runs.get(write.runId);
      const live = stored?.live;
      if (stored === undefined || live == null || live.state !== 'leased' || live.epoch !== write.epoch) result.lost.add(write.runId);
      else if (write.transition?.kind === 'end' && write.transition.status !== 'cancelled' && live.cancel !== null)
        result.cancelFirst.add(write.runId);
      else if (write.entries.some((entry) => stored.journal.some((known) => known.seq === entry.seq))) {
        result.failed.set(write.runId, new Error('duplicate sequence number'));
      } else this.apply(stored, live, write, result.woken);
    }
    return result;
  }

  private apply(stored: StoredRun, live: LiveRun, write: JournalWrite, woken: string[]): void {
    stored.journal.push(...write.entries);
    const { transition } = write;
    if (transition === null) return;
    if (transition.kind === 'end') {
      stored.live = null;
      stored.status = transition.status;
      stored.error = transition.error;
      this.wakeParent(stored.run, woken);
      if (stored.run.concurrency !== null) woken.push(...this.promote(stored.run.tenant, stored.run.concurrency.key));
      return;
    }
    const early = transition.kind === 'release' || live.wakes > transition.wakes;
    Object.assign(live, {
      state: early ? 'ready' : 'waiting',
      readyAt: this.now(),
      wakeAt: transition.kind !== 'park' ? live.wakeAt : transition.wakeInMs === null ? null : this.now() + transition.wakeInMs,
      owner: null,
      leaseUntil: 0,
    });
    if (early) woken.push(stored.run.id);
  }

  private wakeParent(run: NewRun, woken: string[]): void {
    const parent = run.parentRunId === null ? undefined : this.runs.get(run.parentRunId);
    if (parent?.live == null) return;
    this.wake(parent.live);
    woken.push(parent.run.id);
  }

  private wake(live: LiveRun): void {
    live.wakes += 1;
    if (live.state !== 'waiting') return;
    live.state = 'ready';
    live.readyAt = this.now();
  }

  async findCommitted(writes: readonly JournalWrite[]): Promise<Set<string>> {
    return new Set(
      writes.flatMap((write) => {
        const last = write.entries.at(-1);
        const found =
          last !== undefined && this.runs.get(write.runId)?.journal.some((entry) => entry.seq === last.seq && entry.hash.equals(last.hash));
        return found === true ? [write.runId] : [];
      }),
    );
  }

  async heartbeat(params: {
    readonly owner: string;
    readonly leaseMs: number;
    readonly leases: readonly LeaseRef[];
  }): Promise<HeartbeatResult> {
    const lost: string[] = [];
    const changed: { runId: string; wakes: number; cancel: { reason: string | null } | null }[] = [];
    for (const { runId, epoch } of params.leases) {
      const live = this.runs.get(runId)?.live;
      if (live == null || live.state !== 'leased' || live.epoch !== epoch || live.owner !== params.owner) lost.push(runId);
      else {
        live.leaseUntil = this.now() + params.leaseMs;
        if (live.wakes > 0 || live.cancel !== null) changed.push({ runId, wakes: live.wakes, cancel: live.cancel });
      }
    }
    return { lost, changed };
  }

  async requestCancel(params: {
    readonly runId: string;
    readonly tenant: string;
    readonly reason: string | null;
  }): Promise<CancelRequestOutcome> {
    const stored = this.runs.get(params.runId);
    if (stored === undefined || stored.run.tenant !== params.tenant) return { outcome: 'not_found' };
    const { live, status } = stored;
    if (live === null) return { outcome: 'terminal', status: status as TerminalRunStatus };
    this.markCancelled(live, params.reason);
    return { outcome: 'accepted', owner: live.state === 'leased' && live.leaseUntil >= this.now() ? live.owner : null };
  }

  private markCancelled(live: LiveRun, reason: string | null): void {
    live.cancel ??= { reason };
    live.wakes += 1;
    if (live.state !== 'leased') live.state = 'ready';
  }

  async sendSignal(params: {
    readonly runId: string;
    readonly tenant: string;
    readonly name: string;
    readonly payload: Json;
  }): Promise<boolean> {
    const stored = this.runs.get(params.runId);
    if (stored?.live == null || stored.run.tenant !== params.tenant) return false;
    stored.signals.push({ id: ++this.signalId, name: params.name, payload: params.payload });
    if (stored.live.startedAt === null) stored.live.wakes += 1;
    else this.wake(stored.live);
    return true;
  }

  async loadArrivals(params: {
    readonly runId: string;
    readonly childIds: readonly string[];
    readonly signals: boolean;
  }): Promise<Arrivals> {
    const stored = this.runs.get(params.runId);
    return {
      wakes: stored?.live?.wakes ?? 0,
      cancel: stored?.live?.cancel ?? null,
      children: params.childIds.flatMap((id) => {
        const child = this.runs.get(id);
        if (child?.status == null) return [];
        const end = child.journal.findLast((entry) => entry.type === 'run.completed');
        const data = end === undefined ? {} : (JSON.parse(end.data) as JsonObject);
        const outputRef = outputRefOf(data);
        const state = { runId: id, status: child.status, outputs: data['outputs'] ?? null, error: child.error };
        return [outputRef === null ? state : { ...state, outputRef }];
      }),
      signals: params.signals ? [...(stored?.signals ?? [])] : [],
    };
  }

  async sweep(): Promise<SweepResult> {
    let readied = 0;
    let nextWakeInMs: number | null = null;
    const now = this.now();
    for (const { run, live } of this.runs.values()) {
      if (live === null) continue;
      if (live.state === 'waiting' && live.wakeAt !== null && live.wakeAt <= now) {
        const state = live.startedAt !== null ? 'ready' : run.concurrency !== null ? 'queued' : run.rate !== null ? 'spaced' : 'ready';
        Object.assign(live, { state, readyAt: now, wakeAt: null });
        readied += 1;
      } else if (live.state === 'leased' && live.leaseUntil < now) {
        Object.assign(live, { state: 'ready', readyAt: now, owner: null });
        readied += 1;
      } else if (live.state === 'waiting' && live.wakeAt !== null) {
        nextWakeInMs = Math.min(nextWakeInMs ?? Infinity, live.wakeAt - now);
      }
    }
    for (const { run } of this.runs.values()) if (run.concurrency !== null) readied += this.promote(run.tenant, run.concurrency.key).length;
    readied += this.dueStarts().length;
    for (const { run } of this.inLine('spaced')) {
      const inMs = this.untilStart(run, this.nextStarts);
      if (inMs > 0) nextWakeInMs = Math.min(nextWakeInMs ?? Infinity, inMs);
    }
    return { readied, nextWakeInMs };
  }

  private keyed(tenant: string, key: string): StoredRun[] {
    return [...this.runs.values()].filter(({ run, live }) => live !== null && run.tenant === tenant && run.concurrency?.key === key);
  }

  private holders(tenant: string, key: string): string[] {
    return this.keyed(tenant, key)
      .filter(({ live }) => live !== null && holdsSlot(live))
      .map(({ run }) => run.id);
  }

  /** Runs of the key to cancel: those in line, and as many holders as the new one's slot takes, beyond those that leave already. */
  private toMakeRoom(newcomer: NewRun, { key, limit }: NonNullable<NewRun['concurrency']>): string[] {
    const others = this.keyed(newcomer.tenant, key).filter(({ run }) => run.id !== newcomer.id);
    const staying = others.filter(({ live }) => live !== null && holdsSlot(live) && live.cancel === null);
    const queued = others.filter(({ live }) => (live?.state === 'queued' || live?.state === 'paused') && live.cancel === null);
    const excess = Math.max(0, staying.length - limit + 1);
    return [...staying.slice(0, excess), ...queued].map(({ run }) => run.id);
  }

  private promote(tenant: string, key: string): string[] {
    const keyed = this.keyed(tenant, key);
    const held = keyed.filter(({ live }) => live !== null && holdsSlot(live)).length;
    const queued = this.inLine('queued').filter((stored) => keyed.includes(stored));
    const promoted = queued.filter(({ run }, index) => held + index + 1 <= (run.concurrency?.limit ?? 0));
    for (const { run, live } of promoted)
      Object.assign(live as LiveRun, { state: run.rate === null ? 'ready' : 'spaced', readyAt: this.now() });
    return promoted.map(({ run }) => run.id);
  }
}

function holdsSlot(live: LiveRun): boolean {
  return (
    live.state === 'ready' || live.state === 'spaced' || live.state === 'leased' || (live.state === 'waiting' && live.startedAt !== null)
  );
}
