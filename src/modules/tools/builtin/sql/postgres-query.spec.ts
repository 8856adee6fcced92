import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realPostgres, type RealPostgres } from '../../../../../test/support/real-postgres.js';
import { queryPostgres } from './postgres-query.js';

let server: RealPostgres;
let url: string;

beforeAll(async () => {
  server = await realPostgres();
  url = await server.createDatabase({ migrated: false });
  const client = new Client(url);
  await client.connect();
  await client.query(`CREATE TABLE wares (id int, name text, made timestamptz, picture bytea);
    INSERT INTO wares VALUES (1, 'heddle', '2030-01-01Z', '\\x00ff'), (2, 'reed', NULL, NULL);
    CREATE FUNCTION sell() RETURNS int LANGUAGE sql AS 'DELETE FROM wares RETURNING 1'`);
  await client.end();
});
afterAll(() => server.stop());

const ask = (query: string, params: string[] = [], maxRows = 10, timeoutMs = 5_000, signal = new AbortController().signal) =>
  queryPostgres(url, { query, params, maxRows, timeoutMs, signal });

describe('a question to a Postgres', () => {
  it('is answered, with its parameters and no more rows than wanted', async () => {
    expect(await ask('SELECT * FROM wares WHERE id = $1', ['1'])).toEqual({
      columns: ['id', 'name', 'made', 'picture'],
      rows: [[1, 'heddle', '2030-01-01T00:00:00.000Z', 'AP8=']],
      truncated: false,
    });
    expect(await ask('WITH a AS (SELECT id FROM wares) SELECT id FROM a ORDER BY id', [], 1)).toMatchObject({
      rows: [[1]],
      truncated: true,
    });
    expect(await ask('VALUES (9007199254740993)')).toMatchObject({ rows: [['9007199254740993']] });
  });

  it.each([
    "INSERT INTO wares VALUES (3, 'x')",
    'DELETE FROM wares',
    'DROP TABLE wares',
    'WITH gone AS (DELETE FROM wares RETURNING *) SELECT * FROM gone',
    'SELECT 1; DELETE FROM wares',
    'SELECT 1; COMMIT; DELETE FROM wares',
    'SELECT sell()',
    "SELECT set_config('transaction_read_only', 'off', false), sell()",
    'SELECT * INTO copy FROM wares',
    "COPY wares TO '/tmp/x'",
    'SELECT * FROM wares FOR UPDATE',
  ])('does nothing else: %s', async (query) => {
    await expect(ask(query)).rejects.toMatchObject({ code: 'sql_refused' });
    expect((await ask('SELECT count(*)::int FROM wares')).rows).toEqual([[2]]);
  });

  it('ends at its time, and when nobody waits any more', async () => {
    await expect(ask('SELECT pg_sleep(60)', [], 1, 200)).rejects.toMatchObject({ code: 'timeout' });
    const leaving = new AbortController();
    const asked = ask('SELECT pg_sleep(60)', [], 1, 30_000, leaving.signal);
    leaving.abort(new Error('left'));
    await expect(asked).rejects.toThrow('left');
  });
});
