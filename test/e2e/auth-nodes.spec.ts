import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BootstrapService } from '../../src/modules/auth/index.js';
import type { IssuedApiKeyDto } from '../../src/modules/auth/dto/api-key.dto.js';
import { loadConfig } from '../../src/config/index.js';
import { createApp } from '../../src/app.setup.js';
import { createLogger } from '../../src/platform/logging/index.js';
import { EDGE_ADMIN_KEY, type EdgeApp, json, startEdgeApp } from '../support/edge-app.js';
import { type RealPostgres, realPostgres } from '../support/real-postgres.js';

let postgres: RealPostgres;

beforeAll(async () => {
  postgres = await realPostgres();
});
afterAll(async () => {
  await postgres.stop();
});

describe('two nodes on one database', () => {
  let nodes: EdgeApp[];

  beforeAll(async () => {
    const url = await postgres.createDatabase();
    nodes = await Promise.all([startEdgeApp({ env: { DATABASE_URL: url } }), startEdgeApp({ env: { DATABASE_URL: url } })]);
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
  });

  async function statusOn(node: EdgeApp | undefined, key: string): Promise<number | undefined> {
    return (await node?.fetch('/api/v1/me', { key }))?.status;
  }

  it.each([
    ['revoked', (id: string) => ({ path: `/api/v1/api-keys/${id}`, method: 'DELETE' })],
    ['rotated', (id: string) => ({ path: `/api/v1/api-keys/${id}/rotate`, method: 'POST' })],
  ])('a key %s on one is refused on the other long before its cache would tell', async (_what, change) => {
    const [first, second] = nodes;
    const issued = (await (await first?.fetch('/api/v1/api-keys', json('POST', { name: 'x', role: 'viewer' })))?.json()) as IssuedApiKeyDto;
    expect(await statusOn(second, issued.key)).toBe(200);
    const { path, method } = change(issued.id);
    expect((await first?.fetch(path, { method }))?.ok).toBe(true);
    expect(await statusOn(first, issued.key)).toBe(401);
    await expect.poll(() => statusOn(second, issued.key), { timeout: 2_000, interval: 20 }).toBe(401);
  });

  it('share idempotency keys', async () => {
    const init = json('POST', { name: 'shared', role: 'viewer' }, { 'idempotency-key': 'both' });
    const answers = await Promise.all(nodes.map((node) => node.fetch('/api/v1/api-keys', init)));
    const list = (await (await nodes[0]?.fetch('/api/v1/api-keys'))?.json()) as { data: { name: string }[] };
    expect(list.data.filter(({ name }) => name === 'shared')).toHaveLength(1);
    expect(answers.map(({ status }) => status)).toContain(201);
  });
});

describe('the first start', () => {
  it('creates one admin key, however many nodes start at once', async () => {
    const url = await postgres.createDatabase();
    const config = loadConfig({ DATABASE_URL: url, HEDDLE_LOG_LEVEL: 'silent', HEDDLE_PORT: '0' });
    const apps = await Promise.all(Array.from({ length: 3 }, () => createApp(config, createLogger(config))));
    try {
      await Promise.all(apps.map((app) => app.init()));
      const keys = await Promise.all(
        apps.flatMap((app) => [app.get(BootstrapService), app.get(BootstrapService)]).map((service) => service.ensureAdminKey()),
      );
      expect(keys.filter((key) => key !== null)).toHaveLength(1);
    } finally {
      await Promise.all(apps.map((app) => app.close()));
    }
  });

  it('takes the key it is told, also beside others, and does not bring a revoked one back', async () => {
    const url = await postgres.createDatabase();
    const node = await startEdgeApp({ env: { DATABASE_URL: url } });
    try {
      const list = (await (await node.fetch('/api/v1/api-keys')).json()) as { data: { id: string }[] };
      expect(list.data).toHaveLength(1);
      const other = (await (await node.fetch('/api/v1/api-keys', json('POST', { name: 'x', role: 'admin' }))).json()) as IssuedApiKeyDto;
      await node.fetch(`/api/v1/api-keys/${list.data[0]?.id}`, { method: 'DELETE', key: other.key });
      await node.nest.get(BootstrapService).ensureAdminKey();
      expect((await node.fetch('/api/v1/me', { key: EDGE_ADMIN_KEY })).status).toBe(401);
    } finally {
      await node.close();
    }
  });
});
