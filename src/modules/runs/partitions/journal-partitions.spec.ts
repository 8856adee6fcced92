import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { realPostgres, type RealPostgres } from '../../../../test/support/real-postgres.js';
import { JournalPartitions, type JournalPartition } from './journal-partitions.js';

const DAY = 24 * 60 * 60 * 1000;

let server: RealPostgres;
let pool: pg.Pool;
let partitions: JournalPartitions;

beforeAll(async () => {
  server = await realPostgres();
  pool = new pg.Pool({ connectionString: await server.createDatabase(), max: 4 });
  partitions = new JournalPartitions(pool, 7);
}, 120_000);
afterAll(async () => {
  await pool?.end();
  await server?.stop();
});

const CREATE = `
  WITH run AS (
    INSERT INTO runs (id, tenant_id, kind, version_id, subject_name, subject_version, trigger, created_at)
    VALUES ($1, 't', 'workflow', $1, 'a/b', 1, 'api', now()))
  INSERT INTO run_events (run_id, seq, span, tenant_id, type, attempt, at, data, hash) VALUES ($1, 1, 1, 't', 'run.created', 0, now(), '{}', '\\x00')`;

/** Where the run's rows are. */
async function homeOf(run: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ home: string }>('SELECT tableoid::regclass::text AS home FROM run_events WHERE run_id = $1', [run]);
  return rows[0]?.home;
}

async function madeFor(at: number): Promise<JournalPartition> {
  await partitions.ensure(at);
  const found = (await partitions.list()).find(({ from, to }) => from <= at && at < to);
  if (found === undefined) throw new Error('no partition');
  return found;
}

/** The pool, but that `then` is called and waited for once the default partition is locked. */
function pausing(then: () => Promise<void>): pg.Pool {
  const connect = async (): Promise<object> => {
    const client = await pool.connect();
    const query = async (text: string, values?: unknown[]): Promise<pg.QueryResult> => {
      const result = await client.query(text, values);
      if (text.startsWith('LOCK TABLE run_events_default')) await then();
      return result;
    };
    return { query, release: () => client.release() };
  };
  return { connect, query: pool.query.bind(pool) } as unknown as pg.Pool;
}

async function waitsForLock(pid: number): Promise<boolean> {
  const { rows } = await pool.query(`SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'`, [pid]);
  return rows.length === 1;
}

describe('partitions of the journal', { timeout: 60_000 }, () => {
  it('are made ahead, once', async () => {
    const now = Date.now();
    const made = await partitions.ensure(now);
    expect(made.length).toBeGreaterThan(0);
    expect(await partitions.ensure(now)).toEqual([]);
    const list = await partitions.list();
    expect(list.at(-1)?.to).toBeGreaterThan(now + 3 * DAY);
    const run = uuidv7();
    await pool.query(CREATE, [run]);
    expect(await homeOf(run)).toBe(list.find(({ from, to }) => from <= now && now < to)?.name);
  });

  it('take over what came before them; until then nothing is refused', async () => {
    const at = Date.now() + 100 * DAY;
    const run = uuidv7({ msecs: at });
    await pool.query(CREATE, [run]);
    expect(await homeOf(run)).toBe('run_events_default');
    expect(await partitions.strays()).toBe(1);
    const { name } = await madeFor(at);
    expect(await homeOf(run)).toBe(name);
    expect(await partitions.strays()).toBe(0);
  });

  it.each([
    [
      'written',
      200,
      `INSERT INTO run_events (run_id, seq, span, tenant_id, type, attempt, at, data, hash)
       VALUES ($1, 2, 1, 't', 'run.started', 0, now(), '{}', '\\x00') RETURNING 1`,
    ],
    ['read', 300, 'SELECT FROM run_events WHERE run_id = $1'],
  ])('take over a journal that is being %s at the moment', async (_what, days, statement) => {
    const at = Date.now() + days * DAY;
    const run = uuidv7({ msecs: at });
    await pool.query(CREATE, [run]);
    const other = new pg.Client({ connectionString: pool.options.connectionString });
    await other.connect();
    const { rows } = await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    let asked: Promise<pg.QueryResult> | undefined;
    const taking = new JournalPartitions(
      pausing(async () => {
        asked ??= other.query(statement, [run]);
        await vi.waitUntil(() => waitsForLock(rows[0]?.pid ?? 0), { timeout: 15_000 });
      }),
      7,
    );
    const made = await taking.ensure(at);
    expect((await asked)?.rowCount).toBe(1);
    expect(made).toContain(await homeOf(run));
    await other.end();
  });

  it('are not dropped while a run has an id of their time, nor while one is being created', async () => {
    const at = Date.now() - 50 * DAY;
    const partition = await madeFor(at);
    const run = uuidv7({ msecs: at });
    const creator = await pool.connect();
    await creator.query('BEGIN');
    await creator.query(CREATE, [run]);
    expect(await partitions.drop(partition)).toBe(false);
    await creator.query('COMMIT');
    creator.release();
    expect(await partitions.drop(partition)).toBe(false);
    expect(await homeOf(run)).toBe(partition.name);
    await pool.query('DELETE FROM runs WHERE id = $1', [run]);
    expect(await partitions.drop(partition)).toBe(true);
    expect(await homeOf(run)).toBeUndefined();
    // Whoever comes too late loses nothing.
    await pool.query(CREATE, [run]);
    expect(await homeOf(run)).toBe('run_events_default');
  });

  it('are changed by one at a time', async () => {
    const at = Date.now() + 400 * DAY;
    const made = await Promise.all(Array.from({ length: 4 }, () => partitions.ensure(at)));
    expect(new Set(made.flat()).size).toBe(made.flat().length);
    expect((await madeFor(at)).to).toBeGreaterThan(at);
  });
});
