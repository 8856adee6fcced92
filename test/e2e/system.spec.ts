import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiClient, startApp, type TestApp } from '../support/index.js';
import { eventually, storeWorkflow } from '../support/runs.js';

interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'error';
  readonly message: string;
  readonly details: Record<string, unknown>;
}
interface Examination {
  readonly status: string;
  readonly checks: readonly Check[];
}

const SECRET = 'a-secret-that-nobody-may-read-0123456789';

let app: TestApp;
let api: ApiClient;

beforeAll(async () => {
  app = await startApp({ env: { HEDDLE_SECRET_KEY: SECRET, HEDDLE_SECRET_TOKEN: SECRET, HEDDLE_PARK_AFTER_MS: '20' } });
  ({ api } = app);
});
afterAll(() => app.close());

async function examine(): Promise<{ text: string; body: Examination; find: (name: string) => Check }> {
  const { status, body } = await api.get<Examination>('/system/doctor');
  expect(status).toBe(200);
  const find = (name: string): Check => {
    const check = body.checks.find((each) => each.name === name);
    if (check === undefined) throw new Error(`no check ${name}`);
    return check;
  };
  return { text: JSON.stringify(body), body, find };
}

describe('the system', { timeout: 60_000 }, () => {
  it('says what it is', async () => {
    const { api: viewer } = await app.createKey({ role: 'viewer' });
    const { status, body } = await viewer.get('/system/info');
    expect(status).toBe(200);
    expect(body).toMatchObject({ service: 'heddle', role: 'all', runtime: process.version, database: { kind: 'embedded', listen: false } });
  });

  it('writes, reads and deletes a file where artifacts go', async () => {
    const { find } = await examine();
    expect(find('artifacts')).toMatchObject({ status: 'ok', details: { storage: 'postgres' } });
    const left = await app.app.get(DataSource).query<object[]>('SELECT id FROM artifact_contents');
    expect(left).toEqual([]);
  });

  it('says how it is doing, of its own runs only', async () => {
    await storeWorkflow(api, { name: 'system/waits', nodes: [{ id: 'wait', type: 'time.delay', config: { delay_ms: 3_600_000 } }] });
    await api.post('/workflows/system%2Fwaits/runs', {});
    const told = async (client: ApiClient): Promise<{ runs: Record<string, number>; process: { runs: number } }> =>
      (await client.get<{ runs: Record<string, number>; process: { runs: number } }>('/system/status')).body;
    const { process: own } = await eventually(
      () => told(api),
      ({ runs }) => runs['waiting'] === 1,
    );
    expect(own.runs).toBe(0);
    const { api: stranger } = await app.createKey({ role: 'viewer', tenant: 'other' });
    expect((await told(stranger)).runs).toEqual({ pending: 0, running: 0, waiting: 0, cancelling: 0 });
    const { body } = await api.get<{ storage: Record<string, number> }>('/system/status');
    expect(body).toMatchObject({ status: 'ok', failing: [] });
    expect(body.storage['database_bytes']).toBeGreaterThan(body.storage['journal_bytes'] ?? 0);
    expect(body.storage['journal_bytes']).toBeGreaterThan(0);
    expect(body.storage['schema_version']).toBeGreaterThan(1_764_000_000_000);
  });

  it('is examined by admins, and is well', async () => {
    await eventually(
      async () => (await examine()).find('partitions').status,
      (status) => status === 'ok',
    );
    const { body, text, find } = await examine();
    expect(body.checks.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(body.status).toBe('ok');
    for (const name of [
      'database',
      'database_settings',
      'migrations',
      'connections',
      'transactions',
      'clock',
      'secrets',
      'tables',
      'runs',
      'feeds',
      'outbox',
    ]) {
      expect(find(name).status).toBe('ok');
    }
    expect(find('database_settings').details).toMatchObject({ fsync: 'on', synchronous_commit: 'on' });
    const tables = find('tables').details['tables'] as { name: string; partitions: number; table_bytes: number }[];
    expect(tables.find(({ name }) => name === 'run_events')).toMatchObject({ partitions: expect.any(Number) as number });
    expect(find('runs').details).toMatchObject({ states: { waiting: { count: 1 } }, expired_leases: 0 });
    expect(text).not.toContain(SECRET);
    const { api: operator } = await app.createKey({ role: 'operator' });
    expect((await operator.get('/system/doctor')).status).toBe(403);
  });

  it('is told what is wrong, and what to do', async () => {
    const database = app.app.get(DataSource);
    await database.query(
      `INSERT INTO run_events (run_id, seq, span, tenant_id, type, attempt, at, data, hash)
       VALUES ('ffffffff-0000-4000-8000-000000000001', 1, 1, 'default', 'run.created', 0, now(), '{}', '\\x00')`,
    );
    await database.query(
      `INSERT INTO live_runs (run_id, tenant_id, version_id, state, ready_at, owner, lease_until)
       VALUES ('ffffffff-0000-4000-8000-000000000002', 'default', 'ffffffff-0000-4000-8000-000000000002', 'queued', now() - interval '1 hour', NULL, now() - interval '1 hour')`,
    );
    const { body, find } = await examine();
    expect(body.status).toBe('error');
    expect(find('partitions')).toMatchObject({ status: 'warning', details: { default_rows: 1 } });
    expect(find('runs')).toMatchObject({ status: 'error', details: { expired_leases: 1 } });
  });
});
