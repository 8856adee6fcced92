import type { Pool } from 'pg';
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
  type PauseRequest,
  type RunStore,
  type SerializedError,
  type SweepResult,
  type TerminalRunStatus,
} from '../../../engine/index.js';
import { binaryArray } from '../../../platform/database/index.js';
import { RunCreation, type CreateRuns } from './run-creation.js';
import {
  boundsOf,
  claimedRun,
  entryValues,
  journalEntry,
  leaseValues,
  type ClaimedRow,
  type ClaimRow,
  type JournalRow,
} from './run-store.rows.js';
import * as sql from './run-store.sql.js';
import { asError, StoreConnection } from './store-connection.js';

/** The run store on Postgres. What each statement keeps true is said in `run-store.sql.ts`. */
export class PostgresRunStore implements RunStore {
  private readonly connection: StoreConnection;
  private readonly creation: RunCreation;
  /** As of the last look. */
  private startsDue = false;

  constructor(pool: Pool) {
    this.connection = new StoreConnection(pool);
    this.creation = new RunCreation(this.connection);
  }

  createRuns(params: CreateRuns): Promise<(CreateOutcome | Error)[]> {
    return this.creation.create(params);
  }

  // --- Claiming ------------------------------------------------------------------------------------------------------

  async claimRuns(params: { readonly owner: string; readonly leaseMs: number; readonly limit: number }): Promise<ClaimedRun[]> {
    const { owner, leaseMs, limit } = params;
    // What was seen to be due comes first: others may be enough to take every place there ever is.
    const spacedFirst = this.startsDue;
    const claimed = spacedFirst ? await this.claimSpaced(params) : [];
    for (let heldBack = 1; heldBack > 0 && claimed.length < limit;) {
      const rows = await this.connection.rows<ClaimRow>('claim_runs', sql.CLAIM_RUNS, [limit - claimed.length, owner, leaseMs]);
      for (const row of rows) if (row.id !== null) claimed.push(claimedRun(row));
      heldBack = rows[0]?.held_back ?? 0;
      this.startsDue = rows[0]?.due ?? false;
    }
    if (!this.startsDue || spacedFirst || claimed.length >= limit) return claimed;
    return [...claimed, ...(await this.claimSpaced({ owner, leaseMs, limit: limit - claimed.length }))];
  }

  /** Starts that are due by their workflows' rates. */
  private async claimSpaced({
    owner,
    leaseMs,
    limit,
  }: {
    readonly owner: string;
    readonly leaseMs: number;
    readonly limit: number;
  }): Promise<ClaimedRun[]> {
    return await this.connection.transaction(async (client) => {
      const { rows: lines } = await client.query<{ workflow_id: string }>(sql.LOCK_DUE_LINES, [limit]);
      if (lines.length === 0) return [];
      const { rows } = await client.query<ClaimedRow>(sql.CLAIM_SPACED, [lines.map((line) => line.workflow_id), owner, leaseMs, limit]);
      return rows.map(claimedRun);
    });
  }

  async claimRun(params: { readonly runId: string; readonly owner: string; readonly leaseMs: number }): Promise<ClaimedRun | null> {
    const rows = await this.connection.rows<ClaimedRow>('claim_run', sql.CLAIM_RUN, [params.runId, params.owner, params.leaseMs]);
    return rows[0] === undefined ? null : claimedRun(rows[0]);
  }

  async loadJournals(runIds: readonly string[]): Promise<Map<string, JournalEntry[]>> {
    const journals = new Map<string, JournalEntry[]>();
    if (runIds.length === 0) return journals;
    for (const row of await this.connection.rows<JournalRow>('load_journals', sql.LOAD_JOURNALS, [runIds, ...boundsOf(runIds)])) {
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
    const rows = await this.connection.rows<{ run_id: string }>('find_committed', sql.FIND_COMMITTED, [
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
    const lost = await this.connection.rows<{ run_id: string }>('append_entries', sql.APPEND_ENTRIES, [
      binaryArray.uuid(writes.map((write) => write.runId)),
      binaryArray.int4(writes.map((write) => write.epoch)),
      ...entryValues(writes),
    ]);
    for (const row of lost) result.lost.add(row.run_id);
  }

  private async appendWithTransitions(writes: readonly JournalWrite[], result: Mutable<AppendResult>): Promise<void> {
    const ends = writes.map(({ transition }) => (transition?.kind === 'end' ? transition : null));
    const parks = writes.map(({ transition }) => (transition?.kind === 'park' ? transition : null));
    const rows = await this.connection.rows<{
      what: 'unfenced' | 'woken' | 'freed';
      run_id: string;
      tenant_id: string;
      concurrency_key: string;
    }>('append_and_transition', sql.APPEND_AND_TRANSITION, [
      binaryArray.uuid(writes.map((write) => write.runId)),
      binaryArray.int4(writes.map((write) => write.epoch)),
      binaryArray.int2(writes.map(({ transition }) => sql.TRANSITION[transition?.kind ?? 'none'])),
      binaryArray.text(ends.map((end) => end?.status ?? null)),
      binaryArray.json(ends.map((end) => (end?.error ? JSON.stringify(end.error) : null))),
      binaryArray.timestamptz(ends.map((end) => end?.at ?? null)),
      binaryArray.float8(parks.map((park) => park?.wakeInMs ?? null)),
      binaryArray.int4(parks.map((park) => park?.wakes ?? null)),
      ...entryValues(writes),
    ]);
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
    const leased = await this.connection.rows<{ run_id: string }>('still_leased', sql.STILL_LEASED, leaseValues(refs));
    const held = new Set(leased.map((row) => row.run_id));
    for (const runId of unfenced) (held.has(runId) ? result.cancelFirst : result.lost).add(runId);
  }

  async heartbeat(params: {
    readonly owner: string;
    readonly leaseMs: number;
    readonly leases: readonly LeaseRef[];
  }): Promise<HeartbeatResult> {
    const rows = await this.connection.rows<{ run_id: string; wakes: number; cancelled: boolean; cancel_reason: string | null }>(
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

  async requestCancel(params: {
    readonly runId: string;
    readonly tenant: string;
    readonly reason: string | null;
  }): Promise<CancelRequestOutcome> {
    const { runId, tenant, reason } = params;
    const marked = await this.connection.rows<{ owner: string | null }>('request_cancel', sql.REQUEST_CANCEL, [runId, tenant, reason]);
    if (marked[0] !== undefined) return { outcome: 'accepted', owner: marked[0].owner };
    const final = await this.connection.rows<{ status: TerminalRunStatus | null }>('final_status', sql.FINAL_STATUS, [runId, tenant]);
    const status = final[0]?.status;
    return status === undefined || status === null ? { outcome: 'not_found' } : { outcome: 'terminal', status };
  }

  async sendSignal(params: {
    readonly runId: string;
    readonly tenant: string;
    readonly name: string;
    readonly payload: Json;
  }): Promise<boolean> {
    const rows = await this.connection.rows('send_signal', sql.SEND_SIGNAL, [
      params.runId,
      params.tenant,
      params.name,
      JSON.stringify(params.payload),
    ]);
    return rows.length > 0;
  }

  async loadArrivals(params: {
    readonly runId: string;
    readonly childIds: readonly string[];
    readonly signals: boolean;
  }): Promise<Arrivals> {
    // The count is read first: what arrives after this reading makes a park that names it come too late.
    const attention = (
      await this.connection.rows<{ wakes: number; cancelled: boolean; cancel_reason: string | null }>(
        'load_attention',
        sql.LOAD_ATTENTION,
        [params.runId],
      )
    )[0];
    return {
      wakes: attention?.wakes ?? 0,
      cancel: attention?.cancelled === true ? { reason: attention.cancel_reason } : null,
      children: params.childIds.length === 0 ? [] : await this.loadChildren(params.childIds),
      signals: params.signals ? await this.loadSignals(params.runId) : [],
    };
  }

  private async loadChildren(runIds: readonly string[]): Promise<ChildState[]> {
    const rows = await this.connection.rows<{ id: string; status: TerminalRunStatus; error: SerializedError | null; data: string | null }>(
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
    const rows = await this.connection.rows<{ id: string; name: string; payload: Json }>('load_signals', sql.LOAD_SIGNALS, [runId]);
    return rows.map((row) => ({ id: Number(row.id), name: row.name, payload: row.payload }));
  }

  // --- Workflows -----------------------------------------------------------------------------------------------------

  async pauseWorkflow({ workflowId, tenant, by, reason }: PauseRequest): Promise<void> {
    await this.connection.rows('pause_workflow', sql.PAUSE_WORKFLOW, [workflowId, tenant, by, reason]);
  }

  async resumeWorkflow({ workflowId, tenant }: { readonly tenant: string; readonly workflowId: string }): Promise<boolean> {
    if ((await this.connection.count('resume_workflow', sql.RESUME_WORKFLOW, [workflowId, tenant])) === 0) return false;
    // Should this process die in between, any sweep goes on with it.
    while ((await this.connection.count('release_resumed', sql.RELEASE_RESUMED)) > 0);
    await this.connection.count('forget_pauses', sql.FORGET_PAUSES);
    await this.promoteWhereRoom();
    return true;
  }

  // --- Time ----------------------------------------------------------------------------------------------------------

  async sweep(): Promise<SweepResult> {
    let readied = await this.connection.count('ready_due_timers', sql.READY_DUE_TIMERS);
    readied += await this.connection.count('ready_expired_leases', sql.READY_EXPIRED_LEASES);
    readied += await this.connection.count('release_resumed', sql.RELEASE_RESUMED);
    await this.connection.count('forget_pauses', sql.FORGET_PAUSES);
    readied += await this.promoteWhereRoom();
    const [next] = await this.connection.rows<{ in_ms: number | null; due: boolean }>('next_wake', sql.NEXT_WAKE, []);
    this.startsDue = next?.due ?? false;
    return { readied: readied + (this.startsDue ? 1 : 0), nextWakeInMs: next?.in_ms ?? null };
  }

  private async promoteWhereRoom(): Promise<number> {
    let promoted = 0;
    const keys = await this.connection.rows<{ tenant_id: string; concurrency_key: string }>('keys_with_room', sql.KEYS_WITH_ROOM, []);
    for (const key of keys) promoted += (await this.promote(key.tenant_id, key.concurrency_key)).length;
    return promoted;
  }

  private async promote(tenant: string, key: string): Promise<string[]> {
    return await this.connection.transaction(async (client) => {
      await client.query(sql.LOCK_KEY, [tenant, key]);
      const { rows } = await client.query<{ run_id: string }>(sql.PROMOTE_QUEUED, [tenant, key]);
      return rows.map((row) => row.run_id);
    });
  }
}

type Mutable<T> = { lost: Set<string>; cancelFirst: Set<string>; failed: Map<string, Error>; woken: string[] } & T;
