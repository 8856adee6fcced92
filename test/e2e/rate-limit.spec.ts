import { afterAll, beforeAll, expect, it } from 'vitest';
import type { IssuedApiKeyDto } from '../../src/modules/auth/dto/api-key.dto.js';
import { type EdgeApp, json, startEdgeApp } from '../support/edge-app.js';

let app: EdgeApp;

beforeAll(async () => {
  app = await startEdgeApp({ env: { HEDDLE_RATE_LIMIT: '50' } });
});
afterAll(async () => {
  await app.close();
});

async function keyWithLimit(limit: number): Promise<string> {
  const response = await app.fetch('/api/v1/api-keys', json('POST', { name: 'limited', role: 'viewer', rate_limit: limit }));
  return ((await response.json()) as IssuedApiKeyDto).key;
}

it('counts down on every answer and refuses with the time to wait', async () => {
  const key = await keyWithLimit(3);
  const paths = ['/api/v1/me', '/api/v1/nothing', '/api/v1/api-keys'];
  const seen = [];
  for (const path of paths) {
    const { status, headers } = await app.fetch(path, { key });
    seen.push([status, headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')]);
  }
  expect(seen).toEqual([
    [200, '3', '2'],
    [404, '3', '1'],
    [403, '3', '0'],
  ]);
  const refused = await app.fetch('/api/v1/me', { key });
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ code: 'rate_limited', status: 429 });
  const wait = Number(refused.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(60);
  const reset = Number(refused.headers.get('x-ratelimit-reset')) - Date.now() / 1000;
  expect(reset).toBeGreaterThan(0);
  expect(reset).toBeLessThanOrEqual(61);
});

it('counts each key on its own, and callers without one by their address', async () => {
  const key = await keyWithLimit(1);
  expect((await app.fetch('/api/v1/me', { key })).status).toBe(200);
  expect((await app.fetch('/api/v1/me', { key })).status).toBe(429);
  expect((await app.fetch('/api/v1/me')).status).toBe(200);
  const guesses = await Promise.all(Array.from({ length: 60 }, (_, n) => app.fetch('/api/v1/me', { key: `hdl_guess-${n}` })));
  expect(guesses.filter((response) => response.status === 429).length).toBeGreaterThan(0);
  expect((await app.fetch('/api/v1/me')).status).toBe(200);
});
