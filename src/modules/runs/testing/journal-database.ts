import { rmSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { loadConfig } from '../../../config/index.js';
import type { JsonObject, RunEngine, RunEventType } from '../../../engine/index.js';
import { LargeOutputs } from '../../../engine/journal/large-outputs.js';
import { Database } from '../../../platform/database/index.js';
import { typeormTarget } from '../../../platform/database/data-source.js';
import { createLogger, type Logger } from '../../../platform/logging/index.js';
import { OutputReader } from '../queries/output-reader.js';
import { createDataDir } from '../../../../test/support/embedded-data.js';

export const TENANT = 'acme';

/** One journal row of a seeded run; `span` 2 unless the row stands alone. */
export interface SeedRow {
  readonly type: RunEventType;
  readonly step?: string;
  readonly span?: 1 | 2;
  readonly attempt?: number;
  readonly data?: JsonObject;
  /** Milliseconds after the run's creation. */
  readonly at?: number;
  readonly startedAt?: number;
}

export interface SeedRun {
  readonly id?: string;
  readonly tenant?: string;
  readonly createdAt?: Date;
  readonly workflowId?: string;
  readonly name?: string;
  readonly status?: 'success' | 'failed' | 'cancelled';
  readonly durationMs?: number;
  readonly tags?: readonly string[];
  readonly trigger?: string;
  readonly parentRunId?: string;
  /** Columns of `live_runs`; without a status a run that is leased until tomorrow. */
  readonly live?: Readonly<Record<string, unknown>>;
  readonly rows?: readonly SeedRow[];
}

const VERSION_ID = '0198b3a0-0000-7000-8000-00000000000f';

/** A migrated database of its own with runs and journals written by hand, for tests of what reads them. */
export class JournalDatabase {
  private constructor(
    readonly dataSource: DataSource,
    private readonly release: () => Promise<void>,
  ) {}

  static async embedded(): Promise<JournalDatabase> {
    const dataDir = await createDataDir();
    const config = loadConfig({ HEDDLE_DATA_DIR: dataDir, HEDDLE_LOG_LEVEL: 'error' });
    const database = await Database.open(config, createLogger(config));
    const dataSource = await new DataSource(typeormTarget(database.target, { poolSize: 4, applicationName: 'test' })).initialize();
    return new JournalDatabase(dataSource, async () => {
      await dataSource.destroy();
      await database.close();
      rmSync(dataDir, { recursive: true, force: true });
    });
  }

  static async at(url: string): Promise<JournalDatabase> {
    const dataSource = await new DataSource(
      typeormTarget({ connectionString: url }, { poolSize: 4, applicationName: 'test' }),
    ).initialize();
    return new JournalDatabase(dataSource, () => dataSource.destroy());
  }

  close(): Promise<void> {
    return this.release();
  }

  async addRun(run: SeedRun = {}): Promise<string> {
    const id = run.id ?? uuidv7();
    const tenant = run.tenant ?? TENANT;
    const createdAt = run.createdAt ?? new Date();
    const finishedAt = run.status === undefined ? null : new Date(createdAt.getTime() + (run.durationMs ?? 100));
    await this.dataSource.query(
      `INSERT INTO runs (id, tenant_id, kind, workflow_id, version_id, subject_name, subject_version, status, tags, trigger, parent_run_id,
         parent_step, created_at, started_at, finished_at)
       VALUES ($1, $2, 'workflow', $3, $4, $5, 1, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        id,
        tenant,
        run.workflowId ?? '0198b3a0-0000-7000-8000-000000000001',
        VERSION_ID,
        run.name ?? 'demo/orders',
        run.status ?? null,
        run.tags ?? null,
        run.trigger ?? 'api',
        run.parentRunId ?? null,
        run.parentRunId === undefined ? null : `start-${id}`,
        createdAt,
        run.status === undefined ? null : createdAt,
        finishedAt,
      ],
    );
    if (run.status === undefined) await this.addLive(id, tenant, createdAt, run.live ?? {});
    await this.append(id, run.rows ?? [], { tenant, createdAt });
    return id;
  }

  /** Appends rows behind what the run's journal has. */
  async append(runId: string, rows: readonly SeedRow[], run: { tenant?: string; createdAt?: Date } = {}): Promise<void> {
    const [{ head } = { head: null }] = await this.dataSource.query<{ head: number | null }[]>(
      'SELECT max(seq) AS head FROM run_events WHERE run_id = $1',
      [runId],
    );
    let seq = head ?? 0;
    for (const row of rows) {
      seq += row.span ?? 1;
      await this.dataSource.query(...insertRow(runId, seq, row, run));
    }
  }

  private async addLive(id: string, tenant: string, createdAt: Date, live: Readonly<Record<string, unknown>>): Promise<void> {
    const columns: Record<string, unknown> = {
      run_id: id,
      tenant_id: tenant,
      version_id: VERSION_ID,
      state: 'leased',
      ready_at: createdAt,
      owner: 'worker-1',
      lease_until: new Date(Date.now() + 86_400_000),
      epoch: 1,
      started_at: createdAt,
      ...live,
    };
    const names = Object.keys(columns);
    await this.dataSource.query(
      `INSERT INTO live_runs (${names.join(', ')}) VALUES (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
      Object.values(columns),
    );
  }
}

/** Reads outputs of journals that hold all of theirs. */
export const NO_LARGE_OUTPUTS = new OutputReader({ outputs: new LargeOutputs(null, Infinity) } as unknown as RunEngine, {} as Logger);

/** The statement that appends one row, for tests that need it inside a transaction of their own. */
export function insertRow(
  runId: string,
  seq: number,
  row: SeedRow,
  { tenant = TENANT, createdAt = new Date() }: { tenant?: string; createdAt?: Date } = {},
): [string, unknown[]] {
  const at = (ms: number): Date => new Date(createdAt.getTime() + ms);
  return [
    `INSERT INTO run_events (run_id, seq, span, tenant_id, type, step, attempt, at, started_at, data, hash)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '\\x00')`,
    [
      runId,
      seq,
      row.span ?? 1,
      tenant,
      row.type,
      row.step ?? null,
      row.attempt ?? (row.step === undefined ? 0 : 1),
      at(row.at ?? 0),
      row.startedAt === undefined ? (row.span === 2 ? at(row.at ?? 0) : null) : at(row.startedAt),
      JSON.stringify(row.data ?? {}),
    ],
  ];
}
