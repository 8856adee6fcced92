import type { Pool } from 'pg';
import type { JournalEntry } from '../../src/engine/index.js';
import { binaryArray } from '../../src/platform/database/index.js';
import type { Operation, Tape } from './tape.js';

const COLUMNS = 'run_id, seq, span, tenant_id, type, step, attempt, at, started_at, data, hash';

/** What a journal with leases cannot do without: rows with their hashes, joined to the lease they are written under. */
const INSERT = `
WITH fenced AS MATERIALIZED (
  SELECT l.run_id FROM unnest($1::uuid[], $2::int4[]) AS w(run_id, epoch) JOIN live_runs l ON l.run_id = w.run_id
  WHERE l.epoch = w.epoch AND l.state = 'leased' FOR KEY SHARE OF l
)
INSERT INTO run_events (${COLUMNS})
SELECT ${COLUMNS}
FROM unnest($3::uuid[], $4::int4[], $5::int2[], $6::text[], $7::text[], $8::text[], $9::int2[], $10::timestamptz[], $11::timestamptz[], $12::json[], $13::bytea[])
  AS e(${COLUMNS})
WHERE (run_id IN (SELECT run_id FROM fenced)) IS NOT FALSE`;

const LEASE = `
INSERT INTO live_runs (run_id, tenant_id, version_id, state, ready_at, owner, lease_until, epoch, started_at)
SELECT run_id, 'default', run_id, 'leased', now(), 'bench', now() + interval '1 hour', 1, now() FROM unnest($1::uuid[]) AS r(run_id)`;

/** The journal rows of a recording, batch by batch as they were flushed, encoded beforehand. */
export class BareInserts {
  private readonly batches: Buffer[][];
  private readonly runIds: string[] = [];

  constructor(
    private readonly pool: Pool,
    private readonly tape: Tape,
  ) {
    this.batches = tape.operations.map((operation) => encode(rowsOf(operation)));
    for (const operation of tape.operations)
      if (operation.kind === 'create') this.runIds.push(...operation.params.runs.map((run) => run.id));
  }

  /** Untimed: an empty journal, and a lease for every run. */
  async prepare(): Promise<void> {
    await this.pool.query('TRUNCATE run_events, live_runs, runs');
    await this.pool.query(LEASE, [binaryArray.uuid(this.runIds)]);
  }

  async insert(lanes: number): Promise<void> {
    await this.tape.play((index) => this.insertBatch(this.batches[index] ?? []), { lanes, causes: false });
  }

  private async insertBatch(values: Buffer[]): Promise<void> {
    await this.pool.query({ name: 'bare', text: INSERT, values });
  }
}

function rowsOf(operation: Operation): JournalEntry[] {
  if (operation.kind === 'create') return operation.params.runs.map((run) => run.first);
  return operation.writes.flatMap((write) => write.entries);
}

function encode(rows: readonly JournalEntry[]): Buffer[] {
  const runIds = [...new Set(rows.map((row) => row.runId))];
  const { uuid, int4, int2, text, timestamptz, json, digest } = binaryArray;
  return [
    uuid(runIds),
    int4(runIds.map(() => 1)),
    uuid(rows.map((row) => row.runId)),
    int4(rows.map((row) => row.seq)),
    int2(rows.map((row) => row.span)),
    text(rows.map(() => 'default')),
    text(rows.map((row) => row.type)),
    text(rows.map((row) => row.step)),
    int2(rows.map((row) => row.attempt)),
    timestamptz(rows.map((row) => row.at)),
    timestamptz(rows.map((row) => row.startedAt)),
    json(rows.map((row) => row.data)),
    digest(rows.map((row) => row.hash)),
  ];
}
