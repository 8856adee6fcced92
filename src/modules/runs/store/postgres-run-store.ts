import type { Pool, PoolClient, QueryResultRow } from 'pg';
import {
  outputRefOf,
  StoreUnavailableError,
  type AppendResult,
  type Arrivals,
  type CancelRequestOutcome,
  type ChildState,
  type ClaimedRun,
  type CreateOutcome,
  type HeartbeatResult,
  type JournalEntry,
  type JournalWrite,
  type Json,
  type JsonObject,
  type LeaseRef,
  type NewRun,
  type PauseRequest,
  type RunStore,
  type SerializedError,
  type SweepResult,
  type TerminalRunStatus,
} from '../../../engine/index.js';
import { binaryArray, isRefused, isUnavailable, SQLSTATE, sqlstateOf } from '../../../platform/database/index.js';
import * as sql from './run-store.sql.js';

/** The store's answer when it gave up a statement without an effect: the same statement may be tried again at once. */
const RETRY_AT_ONCE: ReadonlySet<string> = new Set([SQLSTATE.serializationFailure, SQLSTATE.deadlockDetected]);
const MAX_IMMEDIATE_RETRIES = 5;

interface ClaimedRow {
  id: string;
  tenant_id: string;
  kind: 'workflow' | 'agent';
  workflow_id: string | null;
  version_id: string;
  subject_name: string;
  subject_version: number;
  depth: number;
  timeout_ms: string | null;
  parent_run_id: string | null;
  trigger: string;
  created_at: Date;
  epoch: number;
  wakes: number;
  started_at: Date | null;
  cancel_requested_at: Date | null;
  cancel_reason: string | null;
  spaced: boolean;
}

/** With the row of a claim, or alone: how many were held back, and whether starts of workflows with a rate are due. */
type ClaimRow = (ClaimedRow | { id: null }) & { held_back: number; due: boolean };

interface JournalRow {
  run_id: string;
  seq: number;
  span: 1 | 2;
  type: JournalEntry['type'];
  step: string | null;
  attempt: number;
  at: Date;
  started_at: Date | null;
  data: string;
  hash: Buffer;
}

/** The run store on Postgres. What each statement keeps true is said in `run-store.sql.ts`. */
export class PostgresRunStore implements RunStore {
  /** As of the last look. */
  private startsDue = false;

  constructor(private readonly pool: Pool) {}

  // --- Creating ------------------------------------------------------------------------------------------------------

  async createRuns(params: { readonly runs: readonly NewRun[]; readonly owner: string; readonly leaseMs: number }): Promise<(CreateOutcome | Error)[]> {
    const outcomes = new Map<NewRun, CreateOutcome | Error>();
    const plain = params.runs.filter(isPlain);
    await this.createPlain(plain, params, outcomes);
    for (const run of params.runs) {
      if (!isPlain(run)) outcomes.set(run, await this.createAlone(run, params).catch(asError));
    }
    return params.runs.map((run) => outcomes.get(run) ?? new Error('the run was not created'));
  }

  /** One statement for all; a batch the database refuses is split until the faulty run stands alone. */
  private async createPlain(
    runs: readonly NewRun[],
    params: { readonly owner: string; readonly leaseMs: number },
    outcomes: Map<NewRun, CreateOutcome | Error>,
  ): Promise<void> {
    if (runs.length === 0) return;
    try {
      const [name, statement] = creationOf(runs);
      const skipped = await this.rows<{ id: string; paused: boolean }>(name, statement, createValues(runs, initialState, params));
      const paused = new Set(skipped.flatMap((row) => (row.paused ? [row.id] : [])));
      const existing = await this.findExisting(runs, new Set(skipped.flatMap((row) => (row.paused ? [] : [row.id]))));
      for (const run of runs) {
        if (paused.has(run.id)) outcomes.set(run, { outcome: 'paused' });
        else outcomes.set(run, existing.get(run) ?? { outcome: 'created', leased: initialState(run) === 'leased' });
      }
    } catch (error) {
      if (runs.length === 1 || error instanceof StoreUnavailableError) {
        for (const run of runs) outcomes.set(run, asError(error));
        return;
      }
      const middle = runs.length >> 1;
      await this.createPlain(runs.slice(0, middle), params, outcomes);
      await this.createPlain(runs.slice(middle), params, outcomes);
    }
  }

  private async findExisting(runs: readonly NewRun[], skipped: ReadonlySet<string>): Promise<Map<NewRun, CreateOutcome>> {
    const found = new Map<NewRun, CreateOutcome>();
    for (const run of runs) {
      if (!skipped.has(run.id)) continue;
      const rows = await this.rows<{ id: string }>('find_existing', sql.FIND_EXISTING, [run.id, run.parentRunId, run.parentStep]);
      found.set(run, { outcome: 'exists', runId: rows[0]?.id ?? run.id });
    }
    return found;
  }

  /** A run that has to see its key's holders first, or begins with rows it keeps. */
  private async createAlone(run: NewRun, params: { readonly owner: string; readonly leaseMs: number }): Promise<CreateOutcome> {
    return await this.transaction(async (client) => {
      // A later run meets its key when its time comes.
      const key = run.concurrency === null || run.runAt !== null ? FREE_KEY : await this.lockKey(client, run.tenant, run.concurrency);
      // First of all, for the run may itself be what fills the key.
      const existing = await client.query<{ id: string }>(sql.FIND_EXISTING, [run.id, run.parentRunId, run.parentStep]);
      if (existing.rows[0] !== undefined) return { outcome: 'exists', runId: existing.rows[0].id };
      if (key.full && run.concurrency?.onConflict === 'reject') return { outcome: 'rejected', holders: key.holders };
      const state = run.runAt === null && key.full ? 'queued' : initialState(run);
      const skipped = await client.query<{ id: string }>(
        creationOf([run])[1],
        createValues([run], () => state, params),
      );
      if (skipped.rows.length > 0) return { outcome: 'exists', runId: run.id };
      if (run.kept.length > 0) {
        const kept = { runId: run.id, tenant: run.tenant, epoch: 0, entries: run.kept, transition: null };
        await client.query(sql.INSERT_KEPT, entryValues([kept]));
      }
      if (!key.full || run.concurrency?.onConflict !== 'cancel_running') return { outcome: 'created', leased: false };
      if (key.inTheWay.length > 0) await client.query(sql.REQUEST_CANCELS, [key.inTheWay, run.tenant, replacedBy(run)]);
      return { outcome: 'created', leased: false, cancelled: key.inTheWay };
    });
  }

  private async lockKey(client: PoolClient, tenant: string, { key, limit }: NonNullable<NewRun['concurrency']>): Promise<KeyStanding> {
    await client.query(sql.LOCK_KEY, [tenant, key]);
    const { rows } = await client.query<{ run_id: string; idle: boolean; cancelling: boolean }>(sql.KEY_RUNS, [tenant, key]);
    const ids = (choose: (row: { idle: boolean; cancelling: boolean }) => boolean): string[] => rows.filter(choose).map((row) => row.run_id);
    const holders = ids((row) => !row.idle);
    const staying = ids((row) => !row.idle && !row.cancelling);
    const queued = ids((row) => row.idle && !row.cancelling);
    const excess = Math.max(0, staying.length - limit + 1);
    return { full: holders.length >= limit, holders, inTheWay: [...staying.slice(0, excess), ...queued] };
  }

  // --- Claiming ------------------------------------------------------------------------------------------------------

  async claimRuns(params: { readonly owner: string; readonly leaseMs: number; readonly limit: number }): Promise<ClaimedRun[]> {
    const { owner, leaseMs, limit } = params;
    // What was seen to be due comes first: others may be enough to take every place there ever is.
    const spacedFirst = this.startsDue;
    const claimed = spacedFirst ? await this.claimSpaced(params) : [];
    for (let heldBack = 1; heldBack > 0 && claimed.length < limit; ) {
      const rows = await this.rows<ClaimRow>('claim_runs', sql.CLAIM_RUNS, [limit - claimed.length, owner, leaseMs]);
      for (const row of rows) if (row.id !== null) claimed.push(claimedRun(row));
      heldBack = rows[0]?.held_back ?? 0;
      this.startsDue = rows[0]?.due ?? false;
    }
    if (!this.startsDue || spacedFirst || claimed.length >= limit) return claimed;
    return [...claimed, ...(await this.claimSpaced({ owner, leaseMs, limit: limit - claimed.length }))];
  }

  /** Starts that are due by their workflows' rates. */
  private async claimSpaced({ owner, leaseMs, limit }: { readonly owner: string; readonly leaseMs: number; readonly limit: number }): Promise<ClaimedRun[]> {
    return await this.transaction(async (client) => {
      const { rows: lines } = await client.query<{ workflow_id: string }>(sql.LOCK_DUE_LINES, [limit]);
      if (lines.length === 0) return [];
      const { rows } = await client.query<ClaimedRow>(sql.CLAIM_SPACED, [lines.map((line) => line.workflow_id), owner, leaseMs, limit]);
      return rows.map(claimedRun);
    });
  }

  async claimRun(params: { readonly runId: string; readonly owner: string; readonly leaseMs: number }): Promise<ClaimedRun | null> {
    const rows = await this.rows<ClaimedRow>('claim_run', sql.CLAIM_RUN, [params.runId, params.owner, params.leaseMs]);
    return rows[0] === undefined ? null : claimedRun(rows[0]);
  }

  async loadJournals(runIds: readonly string[]): Promise<Map<string, JournalEntry[]>> {
    const journals = new Map<string, JournalEntry[]>();
    if (runIds.length === 0) return journals;
    for (const row of await this.rows<JournalRow>('load_journals', sql.LOAD_JOURNALS, [runIds, ...boundsOf(runIds)])) {
      const entries = journals.get(row.run_id);
      if (entries === undefined) journals.set(row.run_id, [journalEntry(row)]);
      else entries.push(journalEntry(row));
    }
    return journals;
  }

  // --- Writing -------------------------------------------------------------------------------------------------------

  async append(writes: readonly JournalWrite[]): Promise<AppendResult> {
    const result = { lost: new Set<string>(), cancelFirst: new Set<string>(), failed: new Map<string, Error>(), woken: [] as string[] };
    await this.appendInto(writes, result);
    return result;
  }

  async findCommitted(writes: readonly JournalWrite[]): Promise<Set<string>> {
    const last = writes.flatMap((write) => write.entries.at(-1) ?? []);
    if (last.length === 0) return new Set();
    const rows = await this.rows<{ run_id: string }>('find_committed', sql.FIND_COMMITTED, [
      binaryArray.uuid(last.map((entry) => entry.runId)),
      binaryArray.int4(last.map((entry) => entry.seq)),
      binaryArray.digest(last.map((entry) => entry.hash)),
      ...boundsOf(last.map((entry) => entry.runId)),
    ]);
    return new Set(rows.map((row) => row.run_id));
  }

  private async appendInto(writes: readonly JournalWrite[], result: Mutable<AppendResult>): Promise<void> {
    try {
      if (writes.some((write) => write.transition !== null)) await this.appendWithTransitions(writes, result);
      else await this.appendEntries(writes, result);
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      const [only] = writes;
      if (only !== undefined && writes.length === 1) {
        result.failed.set(only.runId, asError(error));
        return;
      }
      const middle = writes.length >> 1;
      await this.appendInto(writes.slice(0, middle), result);
      await this.appendInto(writes.slice(middle), result);
    }
  }

  private async appendEntries(writes: readonly JournalWrite[], result: Mutable<AppendResult>): Promise<void> {
    const lost = await this.rows<{ run_id: string }>('append_entries', sql.APPEND_ENTRIES, [
      binaryArray.uuid(writes.map((write) => write.runId)),
      binaryArray.int4(writes.map((write) => write.epoch)),
      ...entryValues(writes),
    ]);
    for (const row of lost) result.lost.add(row.run_id);
  }

  private async appendWithTransitions(writes: readonly JournalWrite[], result: Mutable<AppendResult>): Promise<void> {
    const ends = writes.map(({ transition }) => (transition?.kind === 'end' ? transition : null));
    const parks = writes.map(({ transition }) => (transition?.kind === 'park' ? transition : null));
    const rows = await this.rows<{ what: 'unfenced' | 'woken' | 'freed'; run_id: string; tenant_id: string; concurrency_key: string }>(
      'append_and_transition',
      sql.APPEND_AND_TRANSITION,
      [
        binaryArray.uuid(writes.map((write) => write.runId)),
        binaryArray.int4(writes.map((write) => write.epoch)),
        binaryArray.int2(writes.map(({ transition }) => sql.TRANSITION[transition?.kind ?? 'none'])),
        binaryArray.text(ends.map((end) => end?.status ?? null)),
        binaryArray.json(ends.map((end) => (end?.error ? JSON.stringify(end.error) : null))),
        binaryArray.timestamptz(ends.map((end) => end?.at ?? null)),
        binaryArray.float8(parks.map((park) => park?.wakeInMs ?? null)),
        binaryArray.int4(parks.map((park) => park?.wakes ?? null)),
        ...entryValues(writes),
      ],
    );
    const unfenced: string[] = [];
    for (const row of rows) {
      if (row.what === 'unfenced') unfenced.push(row.run_id);
      else if (row.what === 'woken') result.woken.push(row.run_id);
      else result.woken.push(...(await this.promote(row.tenant_id, row.concurrency_key)));
    }
    if (unfenced.length > 0) await this.sortUnfenced(writes, unfenced, result);
  }

  private async sortUnfenced(writes: readonly JournalWrite[], unfenced: readonly string[], result: Mutable<AppendResult>): Promise<void> {
    const refs = writes.filter((write) => unfenced.includes(write.runId));
    const leased = await this.rows<{ run_id: string }>('still_leased', sql.STILL_LEASED, leaseValues(refs));
    const held = new Set(leased.map((row) => row.run_id));
    for (const runId of unfenced) (held.has(runId) ? result.cancelFirst : result.lost).add(runId);
  }

  async heartbeat(params: { readonly owner: string; readonly leaseMs: number; readonly leases: readonly LeaseRef[] }): Promise<HeartbeatResult> {
    const rows = await this.rows<{ run_id: string; wakes: number; cancelled: boolean; cancel_reason: string | null }>(
      'heartbeat',
      sql.HEARTBEAT,
      [...leaseValues(params.leases), params.owner, params.leaseMs],
    );
    const held = new Set(rows.map((row) => row.run_id));
    return {
      lost: params.leases.filter((lease) => !held.has(lease.runId)).map((lease) => lease.runId),
      changed: rows
        .filter((row) => row.wakes > 0 || row.cancelled)
        .map((row) => ({ runId: row.run_id, wakes: row.wakes, cancel: row.cancelled ? { reason: row.cancel_reason } : null })),
    };
  }

  // --- Cancels, signals, children --------------------------------------------------------------------------------------

  async requestCancel(params: { readonly runId: string; readonly tenant: string; readonly reason: string | null }): Promise<CancelRequestOutcome> {
    const { runId, tenant, reason } = params;
    const marked = await this.rows<{ owner: string | null }>('request_cancel', sql.REQUEST_CANCEL, [runId, tenant, reason]);
    if (marked[0] !== undefined) return { outcome: 'accepted', owner: marked[0].owner };
    const final = await this.rows<{ status: TerminalRunStatus | null }>('final_status', sql.FINAL_STATUS, [runId, tenant]);
    const status = final[0]?.status;
    return status === undefined || status === null ? { outcome: 'not_found' } : { outcome: 'terminal', status };
  }

  async sendSignal(params: { readonly runId: string; readonly tenant: string; readonly name: string; readonly payload: Json }): Promise<boolean> {
    const rows = await this.rows('send_signal', sql.SEND_SIGNAL, [params.runId, params.tenant, params.name, JSON.stringify(params.payload)]);
    return rows.length > 0;
  }

  async loadArrivals(params: { readonly runId: string; readonly childIds: readonly string[]; readonly signals: boolean }): Promise<Arrivals> {
    // The count is read first: what arrives after this reading makes a park that names it come too late.
    const attention = (
      await this.rows<{ wakes: number; cancelled: boolean; cancel_reason: string | null }>('load_attention', sql.LOAD_ATTENTION, [params.runId])
    )[0];
    return {
      wakes: attention?.wakes ?? 0,
      cancel: attention?.cancelled === true ? { reason: attention.cancel_reason } : null,
      children: params.childIds.length === 0 ? [] : await this.loadChildren(params.childIds),
      signals: params.signals ? await this.loadSignals(params.runId) : [],
    };
  }

  private async loadChildren(runIds: readonly string[]): Promise<ChildState[]> {
    const rows = await this.rows<{ id: string; status: TerminalRunStatus; error: SerializedError | null; data: string | null }>(
      'load_children',
      sql.LOAD_CHILDREN,
      [runIds, ...boundsOf(runIds)],
    );
    return rows.map((row) => {
      const data = row.data === null ? {} : (JSON.parse(row.data) as JsonObject);
      const outputRef = outputRefOf(data);
      const state = { runId: row.id, status: row.status, outputs: data['outputs'] ?? null, error: row.error };
      return outputRef === null ? state : { ...state, outputRef };
    });
  }

  private async loadSignals(runId: string): Promise<Arrivals['signals']> {
    const rows = await this.rows<{ id: string; name: string; payload: Json }>('load_signals', sql.LOAD_SIGNALS, [runId]);
    return rows.map((row) => ({ id: Number(row.id), name: row.name, payload: row.payload }));
  }

  // --- Workflows -----------------------------------------------------------------------------------------------------

  async pauseWorkflow({ workflowId, tenant, by, reason }: PauseRequest): Promise<void> {
    await this.rows('pause_workflow', sql.PAUSE_WORKFLOW, [workflowId, tenant, by, reason]);
  }

  async resumeWorkflow({ workflowId, tenant }: { readonly tenant: string; readonly workflowId: string }): Promise<boolean> {
    const resumed = await this.retried(() => this.pool.query(sql.RESUME_WORKFLOW, [workflowId, tenant]));
    if (resumed.rowCount === 0) return false;
    // Should this process die in between, any sweep goes on with it.
    while ((await this.count('release_resumed', sql.RELEASE_RESUMED)) > 0);
    await this.count('forget_pauses', sql.FORGET_PAUSES);
    await this.promoteWhereRoom();
    return true;
  }

  // --- Time ----------------------------------------------------------------------------------------------------------

  async sweep(): Promise<SweepResult> {
    let readied = await this.count('ready_due_timers', sql.READY_DUE_TIMERS);
    readied += await this.count('ready_expired_leases', sql.READY_EXPIRED_LEASES);
    readied += await this.count('release_resumed', sql.RELEASE_RESUMED);
    await this.count('forget_pauses', sql.FORGET_PAUSES);
    readied += await this.promoteWhereRoom();
    const [next] = await this.rows<{ in_ms: number | null; due: boolean }>('next_wake', sql.NEXT_WAKE, []);
    this.startsDue = next?.due ?? false;
    return { readied: readied + (this.startsDue ? 1 : 0), nextWakeInMs: next?.in_ms ?? null };
  }

  private async promoteWhereRoom(): Promise<number> {
    let promoted = 0;
    const keys = await this.rows<{ tenant_id: string; concurrency_key: string }>('keys_with_room', sql.KEYS_WITH_ROOM, []);
    for (const key of keys) promoted += (await this.promote(key.tenant_id, key.concurrency_key)).length;
    return promoted;
  }

  private async promote(tenant: string, key: string): Promise<string[]> {
    return await this.transaction(async (client) => {
      await client.query(sql.LOCK_KEY, [tenant, key]);
      const { rows } = await client.query<{ run_id: string }>(sql.PROMOTE_QUEUED, [tenant, key]);
      return rows.map((row) => row.run_id);
    });
  }

  // --- Statements ------------------------------------------------------------------------------------------------------

  private async rows<Row extends QueryResultRow>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    return (await this.retried(() => this.pool.query<Row>({ name: `run_store_${name}`, text, values }))).rows;
  }

  private async count(name: string, text: string): Promise<number> {
    return (await this.retried(() => this.pool.query({ name: `run_store_${name}`, text }))).rowCount ?? 0;
  }

  private async transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    return await this.retried(async () => {
      const client = await this.pool.connect();
      let broken: Error | undefined;
      try {
        await client.query('BEGIN');
        const result = await work(client);
        await client.query('COMMIT');
        return result;
      } catch (error) {
        broken = isUnavailable(error) ? asError(error) : undefined;
        if (broken === undefined) await client.query('ROLLBACK').catch((fault: unknown) => (broken = asError(fault)));
        throw error;
      } finally {
        client.release(broken);
      }
    });
  }

  private async retried<T>(attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        const state = sqlstateOf(error);
        if (state !== undefined && RETRY_AT_ONCE.has(state) && tries < MAX_IMMEDIATE_RETRIES) continue;
        // Only what the data is to blame for is final. A full disk, a read-only standby, a lost connection pass.
        if (state !== undefined && isRefused(error)) throw error;
        if (state === undefined && !isUnavailable(error)) throw error;
        throw new StoreUnavailableError('the run store cannot be reached', { cause: error });
      }
    }
  }
}

type Mutable<T> = { lost: Set<string>; cancelFirst: Set<string>; failed: Map<string, Error>; woken: string[] } & T;

/** How a concurrency key stands, read under its lock. */
interface KeyStanding {
  readonly full: boolean;
  readonly holders: readonly string[];
  /** Whom `cancel_running` has to cancel so that one more run fits; those being cancelled already do not count. */
  readonly inTheWay: readonly string[];
}

const FREE_KEY: KeyStanding = { full: false, holders: [], inTheWay: [] };

/** One of many in a batch: nothing has to be looked at or written besides its row. */
function isPlain(run: NewRun): boolean {
  return run.concurrency === null && run.kept.length === 0;
}

/** A run that may not start yet waits; one the creator wants is leased to it from the start. */
function initialState(run: NewRun): 'leased' | 'waiting' | 'spaced' | 'ready' {
  if (run.runAt !== null) return 'waiting';
  if (run.rate !== null) return 'spaced';
  return run.claim ? 'leased' : 'ready';
}

/** The statement that creates them, and its name. */
function creationOf(runs: readonly NewRun[]): readonly [name: string, statement: string] {
  return runs.some((run) => run.rate !== null) ? ['create_spaced_runs', sql.CREATE_SPACED_RUNS] : ['create_runs', sql.CREATE_RUNS];
}

function createValues(runs: readonly NewRun[], state: (run: NewRun) => string, params: { readonly owner: string; readonly leaseMs: number }): unknown[] {
  const { uuid, text, int2, int4, float8, json, timestamptz, digest } = binaryArray;
  return [
    uuid(runs.map((run) => run.id)),
    text(runs.map((run) => run.tenant)),
    text(runs.map((run) => run.kind)),
    uuid(runs.map((run) => run.workflowId)),
    uuid(runs.map((run) => run.versionId)),
    text(runs.map((run) => run.subjectName)),
    int4(runs.map((run) => run.subjectVersion)),
    int2(runs.map((run) => run.priority)),
    json(runs.map((run) => (run.tags.length === 0 ? null : JSON.stringify(run.tags)))),
    text(runs.map((run) => run.trigger)),
    uuid(runs.map((run) => run.parentRunId)),
    text(runs.map((run) => run.parentStep)),
    uuid(runs.map((run) => run.resumedFrom)),
    int2(runs.map((run) => run.depth)),
    text(runs.map((run) => run.concurrency?.key ?? null)),
    int4(runs.map((run) => run.concurrency?.limit ?? null)),
    timestamptz(runs.map((run) => run.runAt)),
    text(runs.map((run) => (run.timeoutMs === null ? null : String(run.timeoutMs)))),
    timestamptz(runs.map((run) => run.createdAt)),
    text(runs.map(state)),
    int4(runs.map((run) => run.first.seq)),
    int2(runs.map((run) => run.first.span)),
    text(runs.map((run) => run.first.type)),
    json(runs.map((run) => run.first.data)),
    digest(runs.map((run) => run.first.hash)),
    params.owner,
    params.leaseMs,
    float8(runs.map((run) => run.rate?.everyMs ?? null)),
    int4(runs.map((run) => run.rate?.burst ?? null)),
  ];
}

function entryValues(writes: readonly JournalWrite[]): Buffer[] {
  const entries = writes.flatMap((write) => write.entries);
  const tenants = writes.flatMap((write) => write.entries.map(() => write.tenant));
  const { uuid, text, int2, int4, json, timestamptz, digest } = binaryArray;
  return [
    uuid(entries.map((entry) => entry.runId)),
    int4(entries.map((entry) => entry.seq)),
    int2(entries.map((entry) => entry.span)),
    text(tenants),
    text(entries.map((entry) => entry.type)),
    text(entries.map((entry) => entry.step)),
    int2(entries.map((entry) => entry.attempt)),
    timestamptz(entries.map((entry) => entry.at)),
    timestamptz(entries.map((entry) => entry.startedAt)),
    json(entries.map((entry) => entry.data)),
    digest(entries.map((entry) => entry.hash)),
  ];
}

/** The least and the greatest of the ids: as text they compare like Postgres compares them. */
function boundsOf(runIds: readonly string[]): [least: string, greatest: string] {
  let [least = '', greatest = ''] = [runIds[0], runIds[0]];
  for (const id of runIds) {
    if (id < least) least = id;
    if (id > greatest) greatest = id;
  }
  return [least, greatest];
}

function leaseValues(leases: readonly LeaseRef[]): Buffer[] {
  return [binaryArray.uuid(leases.map((lease) => lease.runId)), binaryArray.int4(leases.map((lease) => lease.epoch))];
}

function claimedRun(row: ClaimedRow): ClaimedRun {
  return {
    id: row.id,
    tenant: row.tenant_id,
    kind: row.kind,
    workflowId: row.workflow_id,
    versionId: row.version_id,
    subjectName: row.subject_name,
    subjectVersion: row.subject_version,
    epoch: row.epoch,
    wakes: row.wakes,
    depth: row.depth,
    createdAt: row.created_at.getTime(),
    startedAt: row.started_at?.getTime() ?? null,
    timeoutMs: row.timeout_ms === null ? null : Number(row.timeout_ms),
    parentRunId: row.parent_run_id,
    trigger: row.trigger,
    cancel: row.cancel_requested_at === null ? null : { reason: row.cancel_reason },
    spaced: row.spaced,
  };
}

function journalEntry(row: JournalRow): JournalEntry {
  return {
    runId: row.run_id,
    seq: row.seq,
    span: row.span,
    type: row.type,
    step: row.step,
    attempt: row.attempt,
    at: row.at.getTime(),
    startedAt: row.started_at?.getTime() ?? null,
    data: row.data,
    hash: row.hash,
  };
}

function replacedBy(run: NewRun): string {
  return `replaced by run ${run.id}`;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
