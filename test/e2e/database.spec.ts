import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database, ENGINE_POOL, Notifier, PostgresListener, type EnginePool } from '../../src/platform/database/index.js';
import { realPostgres, startApp, type RealPostgres, type TestApp } from '../support/index.js';

let postgres: RealPostgres;
let app: TestApp;
beforeAll(async () => {
  postgres = await realPostgres({ restarts: true });
  app = await startApp({ env: { DATABASE_URL: await postgres.createDatabase() } });
});
afterAll(async () => {
  await app.close();
  await postgres.stop();
});

describe('on a real Postgres', () => {
  it('knows what it runs on', () => {
    expect(app.app.get(Database).info).toMatchObject({
      kind: 'server',
      listen: true,
      version: expect.stringMatching(/^\d+\.\d+/) as string,
    });
  });

  it('sets time limits and a name on every connection', async () => {
    const settings =
      "SELECT current_setting('statement_timeout') AS statement, current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('application_name') AS name";
    const engine = await app.app.get<EnginePool>(ENGINE_POOL).query(settings);
    expect(engine.rows).toEqual([{ statement: '30s', idle: '30s', name: 'heddle engine' }]);
    expect(await app.app.get(DataSource).query(settings)).toEqual([{ statement: '30s', idle: '30s', name: 'heddle requests' }]);
  });

  it('carries hints, many in few notifications, also long ones', async () => {
    const heard: string[] = [];
    const stop = app.app.get(PostgresListener).listen('hints', (payload) => heard.push(payload));
    const notifier = app.app.get(Notifier);
    const sent = Array.from({ length: 3_000 }, (_, i) => `run-${i}`);
    await expect.poll(() => (notifier.hint('hints', 'first'), heard)).toContain('first');
    for (const payload of sent) notifier.hint('hints', payload);
    notifier.hint('hints', 'x'.repeat(7_000));
    await expect.poll(() => new Set(heard).size).toBe(3_002);
    stop();
  });

  it.each(['fast', 'immediate'] as const)('reconnects everything after a %s restart of the database', async (mode) => {
    const heard: string[] = [];
    let gaps = 0;
    const stop = app.app.get(PostgresListener).listen(
      'restart',
      (payload) => heard.push(payload),
      () => (gaps += 1),
    );
    await postgres.restart({
      mode,
      whileDown: async () => {
        const unready = await app.api.withKey(undefined).get('/health/ready');
        expect(unready.status).toBe(503);
        expect(unready.body).toMatchObject({ failing: [{ name: 'database', message: 'the database does not answer' }] });
        const refused = await app.api.get('/api-keys');
        expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } });
        expect(refused.headers.get('retry-after')).toBe('2');
      },
    });
    await expect.poll(async () => (await app.api.get('/health/ready')).status, { timeout: 10_000 }).toBe(200);
    expect((await app.api.get('/me')).status).toBe(200);
    expect(await app.app.get(DataSource).query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await expect.poll(() => gaps, { timeout: 10_000 }).toBeGreaterThan(0);
    const notifier = app.app.get(Notifier);
    await expect.poll(() => (notifier.hint('restart', 'again'), heard), { timeout: 10_000 }).toContain('again');
    stop();
  });
});

describe('on the embedded database', () => {
  it('hints stay in the process', async () => {
    const embedded = await startApp();
    const heard: string[] = [];
    embedded.app.get(PostgresListener).listen('hints', (payload) => heard.push(payload));
    embedded.app.get(Notifier).hint('hints', 'here');
    embedded.app.get(Notifier).hint('hints', 'here');
    await expect.poll(() => heard).toEqual(['here']);
    expect(embedded.app.get(Database).info).toMatchObject({ kind: 'embedded', listen: false, pgvector: true });
    await embedded.close();
  });
});
