import pg from 'pg';
import { findBrokenLink, TERMINAL_EVENT_TYPES, type JournalEntry } from '../../src/engine/index.js';
import { PostgresRunStore } from '../../src/modules/runs/store/postgres-run-store.js';
import { eventually } from './runs.js';

export interface RunRecord {
  readonly id: string;
  readonly status: 'success' | 'failed' | 'cancelled' | null;
  readonly subject_name: string;
  readonly parent_run_id: string | null;
  readonly parent_step: string | null;
  /** Where it stands while it lives; null once it is over. */
  readonly state: 'queued' | 'spaced' | 'paused' | 'ready' | 'leased' | 'waiting' | null;
  /** Whose lease it is under, or was when it ended. */
  readonly owner: string | null;
  readonly epoch: number | null;
}

const STATUS_OF: Readonly<Record<string, RunRecord['status']>> = {
  'run.completed': 'success',
  'run.failed': 'failed',
  'run.cancelled': 'cancelled',
};
const SETTLING: ReadonlySet<string> = new Set(['step.completed', 'step.failed', 'step.skipped', 'step.cancelled']);

/** What the database holds of runs, read past the server. */
export class RunRecords {
  private readonly pool: pg.Pool;
  private readonly store: PostgresRunStore;

  constructor(target: pg.PoolConfig) {
    this.pool = new pg.Pool({ ...target, max: 2 });
    this.pool.on('error', () => {});
    this.store = new PostgresRunStore(this.pool);
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(text, values)).rows;
  }

  async runs(): Promise<RunRecord[]> {
    return this.query<RunRecord>(
      `SELECT r.id, r.status, r.subject_name, r.parent_run_id, r.parent_step, l.state, coalesce(l.owner, r.worker) AS owner, l.epoch
       FROM runs r LEFT JOIN live_runs l ON l.run_id = r.id ORDER BY r.id`,
    );
  }

  async run(id: string): Promise<RunRecord> {
    const found = (await this.runs()).find((run) => run.id === id);
    if (found === undefined) throw new Error(`there is no run ${id}`);
    return found;
  }

  async journal(runId: string): Promise<JournalEntry[]> {
    return (await this.store.loadJournals([runId])).get(runId) ?? [];
  }

  /** Of the given runs, or of all. */
  async journals(ids?: readonly string[]): Promise<Map<string, JournalEntry[]>> {
    return this.store.loadJournals(ids ?? (await this.runs()).map((run) => run.id));
  }

  /** Waits until every run, or every given one, is over. */
  async ended(limitMs: number, ids?: readonly string[]): Promise<RunRecord[]> {
    const asked = async (): Promise<RunRecord[]> => (await this.runs()).filter((run) => ids === undefined || ids.includes(run.id));
    return eventually(asked, (runs) => runs.every((run) => run.status !== null && run.state === null), limitMs);
  }

  /** Everything that is wrong with the journals of runs that are over; none is expected. */
  async faults(): Promise<string[]> {
    const runs = await this.runs();
    const journals = await this.journals(runs.map((run) => run.id));
    return runs.flatMap((run) => faultsOf(run, journals.get(run.id) ?? []).map((fault) => `${run.subject_name} ${run.id}: ${fault}`));
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

/** Idempotency keys of the steps that a journal shows as done, in the first attempt of their run. */
export function finishedKeys(journals: ReadonlyMap<string, readonly JournalEntry[]>): string[] {
  return [...journals].flatMap(([runId, entries]) =>
    entries.filter((entry) => entry.type === 'step.completed').map((entry) => `${runId}/${entry.step}/1`),
  );
}

function faultsOf(run: RunRecord, journal: readonly JournalEntry[]): string[] {
  const faults: string[] = [];
  const broken = findBrokenLink(journal);
  if (broken !== null) faults.push(`a gap or a broken link at ${broken}`);
  const terminal = journal.filter((entry) => TERMINAL_EVENT_TYPES.has(entry.type));
  const last = journal.at(-1);
  if (terminal.length !== 1 || terminal[0] !== last)
    faults.push(`terminal rows: ${terminal.map((entry) => entry.seq).join(', ')} of ${last?.seq}`);
  if (last !== undefined && STATUS_OF[last.type] !== run.status) faults.push(`ended as ${last.type}, but is ${run.status}`);
  if (run.state !== null) faults.push(`is over and still ${run.state}`);
  const settled = journal.filter((entry) => SETTLING.has(entry.type)).map((entry) => entry.step);
  for (const step of new Set(settled)) if (settled.filter((other) => other === step).length > 1) faults.push(`${step} is settled twice`);
  return faults;
}
