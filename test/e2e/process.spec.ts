import { rmSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { createDataDir, realPostgres, startServer, type TestServer } from '../support/index.js';

const servers: TestServer[] = [];
async function start(...args: Parameters<typeof startServer>): Promise<TestServer> {
  const server = await startServer(...args);
  servers.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.dispose()));
});

describe('a server process', { timeout: 180_000 }, () => {
  it('shows URL, docs and the admin key once, and logs JSON without the key', async () => {
    const server = await start();
    expect(server.stderr).toContain(`${server.url}/docs`);
    expect(server.adminKey).toMatch(/^hdl_/);
    const first = server.adminKey;
    expect((await server.api.get('/me')).status).toBe(200);
    for (const line of server.stdout.trim().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
    expect(server.stdout).not.toContain(first);

    await server.restart();
    expect(server.stderr).not.toContain('Admin key');
    expect((await server.api.get('/me')).status).toBe(200);
  });

  it('ends with 0 on SIGTERM and tells each phase', async () => {
    const server = await start();
    expect(await server.kill('SIGTERM')).toBe(0);
    expect(server.stdout).toContain('shutting down');
    expect(server.stdout).toContain('"phase":"drain"');
    expect(server.stdout).toContain('stopped');
  });

  it('refuses a data directory that another process uses, names that process, and leaves it alone', async () => {
    const dataDir = await createDataDir();
    const holder = await start({ env: { HEDDLE_DATA_DIR: dataDir } });
    const intruder = await start({ env: { HEDDLE_DATA_DIR: dataDir }, wait: false });
    expect(await intruder.ended()).toBe(1);
    expect(intruder.stderr).toContain(`${dataDir} is in use by process ${holder.pid}`);
    expect((await holder.api.get('/health/ready')).status).toBe(200);
    await holder.kill('SIGKILL');

    const heir = await start({ env: { HEDDLE_DATA_DIR: dataDir, HEDDLE_BOOTSTRAP_ADMIN_KEY: holder.adminKey } });
    expect((await heir.api.get('/me')).status).toBe(200);
    await heir.dispose();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('lists every fault of its environment and ends with 1', async () => {
    const server = await start({ env: { HEDDLE_ROLE: 'boss', HEDDLE_LEASE_MS: 'soon' }, wait: false });
    expect(await server.ended()).toBe(1);
    expect(server.stderr).toContain('HEDDLE_ROLE: must be one of all, api, worker');
    expect(server.stderr).toContain('HEDDLE_LEASE_MS: must be an integer');
    expect(server.stderr).not.toContain('    at ');
  });

  it('that is a worker serves health and nothing else', async () => {
    const postgres = await realPostgres();
    try {
      const worker = await start({ env: { DATABASE_URL: await postgres.createDatabase(), HEDDLE_ROLE: 'worker' } });
      for (const path of ['/health', '/health/live', '/health/ready']) expect((await worker.api.get(path)).status).toBe(200);
      for (const path of ['/me', '/docs', '/openapi.json', '/healthy']) {
        expect(await worker.api.get(path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
      }
      await worker.dispose();
    } finally {
      await postgres.stop();
    }
  });

  it('answers what is under way before it ends', async () => {
    const server = await start();
    const nodes = [{ id: 'later', type: 'time.delay', config: { delay_ms: 60_000 } }];
    expect((await server.api.post('/workflows', { name: 'test/later', nodes })).status).toBe(201);
    const waiting = server.api.post('/workflows/test%2Flater/runs', { inputs: {} }, { query: { wait: '2s' } });
    await expect.poll(async () => (await server.api.get<{ data: unknown[] }>('/runs')).body.data).toHaveLength(1);
    const ended = server.kill('SIGTERM');
    expect((await waiting).status).toBe(202);
    expect(await ended).toBe(0);
  });

  it('tells in one line that its port is taken, or its database cannot be reached', async () => {
    const server = await start();
    const second = await start({ env: { HEDDLE_PORT: new URL(server.url).port }, wait: false });
    expect(await second.ended()).toBe(1);
    expect(second.stderr).toContain('another process listens there');
    const postgres = await realPostgres();
    const missing = new URL(await postgres.createDatabase());
    missing.pathname = '/nobody_made_this';
    const homeless = await start({ env: { DATABASE_URL: missing.href }, wait: false });
    expect(await homeless.ended()).toBe(1);
    expect(homeless.stderr).toContain('cannot connect to the database: database "nobody_made_this" does not exist');
    expect(second.stderr + homeless.stderr).not.toContain('    at ');
    await postgres.stop();
  });
});
