import type { PoolClient } from 'pg';
import { StoreUnavailableError, type CreateOutcome, type NewRun } from '../../../engine/index.js';
import { createValues, entryValues } from './run-store.rows.js';
import * as sql from './run-store.sql.js';
import { asError, type StoreConnection } from './store-connection.js';

/** Under which the creator may execute what it creates. */
interface Lease {
  readonly owner: string;
  readonly leaseMs: number;
}

export interface CreateRuns extends Lease {
  readonly runs: readonly NewRun[];
}

/** How runs get into the store: many by one statement, those that have to see others first by one transaction each. */
export class RunCreation {
  constructor(private readonly connection: StoreConnection) {}

  async create(params: CreateRuns): Promise<(CreateOutcome | Error)[]> {
    const outcomes = new Map<NewRun, CreateOutcome | Error>();
    const plain = params.runs.filter(isPlain);
    await this.createPlain(plain, params, outcomes);
    for (const run of params.runs) {
      if (!isPlain(run)) outcomes.set(run, await this.createAlone(run, params).catch(asError));
    }
    return params.runs.map((run) => outcomes.get(run) ?? new Error('the run was not created'));
  }

  /** One statement for all; a batch the database refuses is split until the faulty run stands alone. */
  private async createPlain(runs: readonly NewRun[], params: Lease, outcomes: Map<NewRun, CreateOutcome | Error>): Promise<void> {
    if (runs.length === 0) return;
    try {
      const [name, statement] = creationOf(runs);
      const skipped = await this.connection.rows<{ id: string; paused: boolean }>(
        name,
        statement,
        createValues(runs, initialState, params),
      );
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
      const rows = await this.connection.rows<{ id: string }>('find_existing', sql.FIND_EXISTING, [
        run.id,
        run.parentRunId,
        run.parentStep,
      ]);
      found.set(run, { outcome: 'exists', runId: rows[0]?.id ?? run.id });
    }
    return found;
  }

  /** A run that has to see its key's holders first, or begins with rows it keeps. */
  private async createAlone(run: NewRun, params: Lease): Promise<CreateOutcome> {
    return await this.connection.transaction(async (client) => {
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
    const ids = (choose: (row: { idle: boolean; cancelling: boolean }) => boolean): string[] =>
      rows.filter(choose).map((row) => row.run_id);
    const holders = ids((row) => !row.idle);
    const staying = ids((row) => !row.idle && !row.cancelling);
    const queued = ids((row) => row.idle && !row.cancelling);
    const excess = Math.max(0, staying.length - limit + 1);
    return { full: holders.length >= limit, holders, inTheWay: [...staying.slice(0, excess), ...queued] };
  }
}

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

function replacedBy(run: NewRun): string {
  return `replaced by run ${run.id}`;
}
