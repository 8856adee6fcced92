import pg from 'pg';
import { number, print, table } from './report.js';
import { query } from './postgres.js';

export const STATEMENT_STATISTICS = ['-c', 'shared_preload_libraries=pg_stat_statements', '-c', 'pg_stat_statements.track_utility=off'];

const SAMPLE_EVERY_MS = 5;
const STATEMENTS = 12;

interface Activity {
  name: string;
  what: string;
}

/** What the database did in the meantime: its statements, and what its connections were at whenever one looked. */
export class DatabaseProfile {
  private readonly seen = new Map<string, number>();
  private looks = 0;
  private running = true;
  private readonly watching: Promise<void>;

  private constructor(private readonly url: string) {
    this.watching = this.watch();
  }

  static async start(url: string): Promise<DatabaseProfile> {
    await query(url, 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    await query(url, 'SELECT pg_stat_statements_reset()');
    return new DatabaseProfile(url);
  }

  async print(seconds: number): Promise<void> {
    this.running = false;
    await this.watching;
    print('\nPostgres: busy connections at a glance (1.00 is one connection all the time)');
    const rows = [...this.seen].toSorted(([, a], [, b]) => b - a);
    table(
      ['', 'connections'],
      rows.map(([what, count]) => [what, (count / this.looks).toFixed(2)]),
    );
    print('\nPostgres: statements');
    const statements = await query<{ calls: string; total: number; mean: number; rows: string; wal: string; text: string }>(
      this.url,
      `SELECT calls, total_exec_time AS total, mean_exec_time AS mean, rows, wal_bytes AS wal, query AS text
       FROM pg_stat_statements WHERE query !~ 'pg_stat' ORDER BY total_exec_time DESC LIMIT ${STATEMENTS}`,
    );
    table(
      ['', 'calls', 'ms each', '% of the time', 'WAL bytes each'],
      statements.map(({ calls, total, mean, wal, text }) => [
        text.replace(/\s+/g, ' ').slice(0, 70),
        calls,
        mean.toFixed(2),
        number((total / (seconds * 1000)) * 100),
        number(Number(wal) / Number(calls)),
      ]),
    );
  }

  private async watch(): Promise<void> {
    const client = new pg.Client(this.url);
    await client.connect();
    while (this.running) {
      const { rows } = await client.query<Activity>(
        `SELECT application_name AS name, coalesce(wait_event_type || ' ' || wait_event, 'running') AS what
         FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()`,
      );
      this.looks += 1;
      for (const { name, what } of rows) this.seen.set(`${name}: ${what}`, (this.seen.get(`${name}: ${what}`) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_EVERY_MS));
    }
    await client.end();
  }
}
