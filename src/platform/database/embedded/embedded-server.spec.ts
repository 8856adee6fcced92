import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataDirLockedError } from './data-dir-lock.js';
import { EmbeddedServer } from './embedded-server.js';

let dataDir: string;
let server: EmbeddedServer;
const restarts: string[] = [];
const pools: pg.Pool[] = [];

function pool(options: pg.PoolConfig = {}): pg.Pool {
  const created = new pg.Pool({ host: server.host, user: 'postgres', database: 'postgres', max: 5, ...options });
  created.on('error', () => {});
  created.on('connect', (client) => client.on('error', () => {}));
  pools.push(created);
  return created;
}

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'heddle-embedded-'));
  server = await EmbeddedServer.start({ dataDir, idleInTransactionMs: 300, onRestart: (reason) => restarts.push(reason) });
});

afterAll(async () => {
  await Promise.all(pools.map((each) => each.end()));
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('the embedded database', () => {
  it('is reachable by this user only', () => {
    expect(statSync(server.host).mode & 0o777).toBe(0o700);
  });

  it('commits to the disk, not to a cache', async () => {
    const { rows } = await pool().query(
      "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'wal_sync_method', 'full_page_writes') ORDER BY name",
    );
    expect(rows.map((row: { setting: string }) => row.setting)).toEqual(['on', 'on', 'on', 'fsync']);
  });

  it('keeps named statements of connections and pools apart, also when they share a name', async () => {
    const [one, two] = [pool({ max: 3 }), pool({ max: 3 })];
    const ask = (target: pg.Pool, text: string, value: unknown) =>
      target.query({ name: 'same-name', text, values: [value], rowMode: 'array' });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? ask(one, 'SELECT $1::int + 1', i) : ask(two, "SELECT $1::text || '!'", `t${i}`))),
    );
    expect(answers.map((answer) => answer.rows[0]?.[0] as unknown)).toEqual(
      Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? i + 1 : `t${i}!`)),
    );
  });

  it('closes the statements of a connection that ends', async () => {
    const passing = new pg.Client({ host: server.host, user: 'postgres', database: 'postgres' });
    await passing.connect();
    await passing.query({ name: `n${'x'.repeat(62)}`, text: 'SELECT 42 AS passing' });
    const count = async () => (await pool().query("SELECT 1 FROM pg_prepared_statements WHERE statement LIKE '%42 AS passing'")).rowCount;
    expect(await count()).toBe(1);
    await passing.end();
    await expect.poll(count).toBe(0);
  });

  it('goes on after an error in a batch, for that client and for its neighbours', async () => {
    const target = pool({ max: 4 });
    const results = await Promise.allSettled(
      Array.from({ length: 80 }, (_, i) =>
        i % 4 === 0 ? target.query('SELECT 1 / $1::int', [0]) : target.query('SELECT $1::int AS n', [i]),
      ),
    );
    results.forEach((result, i) => {
      if (i % 4 === 0) expect(result).toMatchObject({ status: 'rejected', reason: { code: '22012' } });
      else expect(result).toMatchObject({ status: 'fulfilled', value: { rows: [{ n: i }] } });
    });
    await expect(target.query('SELEC 1')).rejects.toMatchObject({ code: '42601' });
    await expect(target.query('SELECT 1; SELECT 1/0')).rejects.toMatchObject({ code: '22012' });
  });

  it('keeps transactions in parallel apart', async () => {
    const target = pool({ max: 8 });
    await target.query('CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL)');
    await target.query('INSERT INTO counters VALUES (1, 0)');
    const raise = async (fails: boolean) => {
      const client = await target.connect();
      try {
        await client.query('BEGIN');
        const { rows } = await client.query<{ n: number }>('SELECT n FROM counters WHERE id = 1 FOR UPDATE');
        await client.query('UPDATE counters SET n = $1 WHERE id = 1', [(rows[0]?.n ?? 0) + 1]);
        if (fails) await client.query('SELECT 1/0');
        await client.query('COMMIT');
      } catch {
        await client.query('ROLLBACK');
      } finally {
        client.release();
      }
    };
    await Promise.all(Array.from({ length: 40 }, (_, i) => raise(i % 4 === 0)));
    expect((await target.query('SELECT n FROM counters')).rows).toEqual([{ n: 30 }]);
  });

  it('rolls back what a client leaves open when it disconnects', async () => {
    await pool().query('CREATE TABLE abandoned (id int)');
    const client = new pg.Client({ host: server.host, user: 'postgres', database: 'postgres' });
    client.on('error', () => {});
    await client.connect();
    await client.query('BEGIN');
    await client.query('INSERT INTO abandoned VALUES (1)');
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    expect((await pool().query('SELECT * FROM abandoned')).rowCount).toBe(0);
  });

  it('rolls back and expels a client that sits on a transaction', async () => {
    await pool().query('CREATE TABLE sat_on (id int)');
    const client = new pg.Client({ host: server.host, user: 'postgres', database: 'postgres' });
    const expelled = new Promise<Error>((resolve) => client.on('error', resolve));
    await client.connect();
    await client.query('BEGIN');
    await client.query('INSERT INTO sat_on VALUES (1)');
    expect((await pool().query('SELECT * FROM sat_on')).rowCount).toBe(0);
    expect(await expelled).toMatchObject({ code: '25P03' });
  });

  it('carries binary and very large parameters', async () => {
    const target = pool();
    const bytes = Buffer.alloc(16 * 1024 * 1024, 'heddle');
    const text = 'ü'.repeat(8 * 1024 * 1024);
    const { rows } = await target.query<{ bytes: Buffer; text: string }>('SELECT $1::bytea AS bytes, $2::text AS text', [bytes, text]);
    expect(rows[0]?.bytes.equals(bytes)).toBe(true);
    expect(rows[0]?.text === text).toBe(true);
  });

  it('serves pipelined queries and cursors', async () => {
    const client = new pg.Client({ host: server.host, user: 'postgres', database: 'postgres', pipeline: true });
    await client.connect();
    const answers = await Promise.allSettled([1, 0, 4].map((n) => client.query('SELECT 8 / $1::int AS n', [n])));
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? (answer.value.rows[0] as unknown) : 'error'))).toEqual([
      { n: 8 },
      'error',
      { n: 2 },
    ]);
    await client.end();

    const paging = new pg.Client({ host: server.host, user: 'postgres', database: 'postgres' });
    await paging.connect();
    const query = Object.assign(new pg.Query<{ n: number }>('SELECT n FROM generate_series(1, 25) n', []), { rows: 10 });
    paging.query(query);
    const seen: number[] = [];
    query.on('row', (row) => seen.push(row.n));
    await new Promise((resolve, reject) => query.once('end', resolve).once('error', reject));
    expect(seen).toHaveLength(25);
    await paging.end();
  });

  it('refuses a second opener, in this process too, and says who holds it', async () => {
    const second = EmbeddedServer.start({ dataDir, idleInTransactionMs: 300, onRestart: () => {} });
    await expect(second).rejects.toBeInstanceOf(DataDirLockedError);
    await expect(second).rejects.toThrow(`process ${process.pid}`);
  });

  it('drops a client that speaks something else', async () => {
    const socket = connect(join(server.host, '.s.PGSQL.5432'));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.resume();
    socket.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await closed;
    expect((await pool().query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('is quick: single commits and batches', async () => {
    const target = pool();
    await target.query('CREATE TABLE quick (id int PRIMARY KEY, name text)');
    let started = performance.now();
    for (let i = 0; i < 500; i += 1) await target.query('INSERT INTO quick VALUES ($1, $2)', [i, 'single']);
    const singles = performance.now() - started;
    started = performance.now();
    const ids = Array.from({ length: 4000 }, (_, i) => 1000 + i);
    await target.query("INSERT INTO quick SELECT id, 'batch' FROM unnest($1::int[]) id", [ids]);
    const batch = performance.now() - started;
    console.info(`500 single inserts ${singles.toFixed(0)} ms, 4,000 rows at once ${batch.toFixed(0)} ms`);
    expect(singles).toBeLessThan(5_000);
    expect(batch).toBeLessThan(1_000);
  });

  it('starts again when its thread dies, with every acknowledged row', async () => {
    const target = pool();
    await target.query('CREATE TABLE survivors (id int)');
    await target.query('INSERT INTO survivors VALUES (7)');
    await (server as unknown as { worker: { terminate(): Promise<number> } }).worker.terminate();
    await expect
      .poll(
        () =>
          target.query('SELECT id FROM survivors').then(
            (result) => result.rows as unknown,
            () => null,
          ),
        { timeout: 20_000 },
      )
      .toEqual([{ id: 7 }]);
    expect(restarts).toHaveLength(1);
    expect(existsSync(join(dataDir, 'pg', 'PG_VERSION'))).toBe(true);
  });
});
