import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyUsage } from '../../src/modules/auth/key-usage.js';
import type { IssuedApiKeyDto } from '../../src/modules/auth/dto/api-key.dto.js';
import { ROLE_PERMISSIONS } from '../../src/platform/http/permissions.js';
import { EDGE_ADMIN_KEY, type EdgeApp, json, startEdgeApp } from '../support/edge-app.js';

let app: EdgeApp;

beforeAll(async () => {
  app = await startEdgeApp();
});
afterAll(async () => {
  await app.close();
});

const KEYS = '/api/v1/api-keys';

async function issue(body: Record<string, unknown>, key: string = EDGE_ADMIN_KEY): Promise<IssuedApiKeyDto> {
  const response = await app.fetch(KEYS, { ...json('POST', { name: 'test', ...body }), key });
  expect(response.status).toBe(201);
  return (await response.json()) as IssuedApiKeyDto;
}

async function me(key: string | null): Promise<Response> {
  return app.fetch('/api/v1/me', { key });
}

describe('credentials', () => {
  it('asks for a key and says how', async () => {
    const response = await me(null);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="heddle"');
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const problem = (await response.json()) as Record<string, unknown>;
    expect(problem).toMatchObject({
      type: 'urn:heddle:problem:unauthorized',
      title: 'Unauthorized',
      status: 401,
      code: 'unauthorized',
      instance: '/api/v1/me',
    });
    expect(problem['request_id']).toBe(response.headers.get('x-request-id'));
  });

  it.each(['hdl_unknown', 'x'.repeat(5000), `${EDGE_ADMIN_KEY}x`])('refuses the unknown key %#', async (key) => {
    const response = await me(key);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('invalid_token');
  });

  it.each(['Basic YWRtaW46YWRtaW4=', 'Bearer', 'Bearer a b', EDGE_ADMIN_KEY])('refuses the header %j', async (authorization) => {
    const response = await fetch(`${app.url}/api/v1/me`, { headers: { authorization } });
    expect(response.status).toBe(401);
  });

  it('takes the key from nowhere but the header', async () => {
    const response = await fetch(`${app.url}/api/v1/me?access_token=${EDGE_ADMIN_KEY}&token=${EDGE_ADMIN_KEY}`);
    expect(response.status).toBe(401);
  });

  it('tells a key who it is', async () => {
    const { key, id } = await issue({ role: 'operator', scopes: ['runs.read', 'runs.create'], rate_limit: 77 });
    const body = await (await me(key)).json();
    expect(body).toMatchObject({
      key_id: id,
      name: 'test',
      tenant: 'default',
      role: 'operator',
      permissions: ['runs.read', 'runs.create'],
      rate_limit: { limit: 77, remaining: 76 },
      anonymous: false,
    });
  });
});

describe('issuing', () => {
  it('shows the key once, and a location', async () => {
    const response = await app.fetch(KEYS, json('POST', { name: 'ci', role: 'viewer', expires_at: '2099-01-01T00:00:00Z' }));
    expect(response.status).toBe(201);
    const body = (await response.json()) as IssuedApiKeyDto;
    expect(body.key).toMatch(/^hdl_[\w-]{43}$/);
    expect(body).toMatchObject({
      name: 'ci',
      role: 'viewer',
      tenant: 'default',
      prefix: body.key.slice(0, 10),
      expires_at: '2099-01-01T00:00:00.000Z',
      last_used_at: null,
    });
    expect(response.headers.get('location')).toBe(`${KEYS}/${body.id}`);
    const read = await app.fetch(`${KEYS}/${body.id}`);
    expect(await read.json()).not.toHaveProperty('key');
  });

  it('lists pages without secrets, newest first', async () => {
    const { key } = await issue({ role: 'admin', tenant: 'pages' });
    const made: string[] = [];
    for (let n = 0; n < 4; n += 1) made.unshift((await issue({ role: 'viewer', name: `k${n}` }, key)).id);
    const first = (await (await app.fetch(`${KEYS}?limit=3`, { key })).json()) as { data: Record<string, unknown>[]; next_cursor: string };
    expect(first.data.map((entry) => entry['id'])).toEqual(made.slice(0, 3));
    expect(JSON.stringify(first)).not.toContain('"key"');
    const second = (await (await app.fetch(`${KEYS}?limit=3&cursor=${first.next_cursor}`, { key })).json()) as {
      data: unknown[];
      next_cursor: null;
    };
    expect(second.data).toHaveLength(2);
    expect(second.next_cursor).toBeNull();
  });

  it.each([
    [{ role: 'viewer' }, '/name', 'required'],
    [{ name: 'x' }, '/role', 'required'],
    [{ name: 'x', role: 'root' }, '/role', 'enum'],
    [{ name: 7, role: 'viewer' }, '/name', 'type'],
    [{ name: 'x', role: 'viewer', tenant: 'Not A Tenant' }, '/tenant', 'format'],
    [{ name: 'x', role: 'viewer', scopes: ['everything'] }, '/scopes', 'enum'],
    [{ name: 'x', role: 'viewer', scopes: ['runs.create'] }, '/scopes/0', 'not_granted'],
    [{ name: 'x', role: 'viewer', expires_at: '2001-01-01T00:00:00Z' }, '/expires_at', 'range'],
    [{ name: 'x', role: 'viewer', expires_at: 'tomorrow' }, '/expires_at', 'format'],
    [{ name: 'x', role: 'viewer', rate_limit: 0 }, '/rate_limit', 'range'],
    [{ name: 'x', role: 'viewer', extra: 1 }, '/extra', 'unknown_field'],
  ])('refuses %j at %s', async (body, path, code) => {
    const response = await app.fetch(KEYS, json('POST', body));
    expect(response.status).toBe(422);
    const { errors } = (await response.json()) as { errors: unknown[] };
    expect(errors).toEqual([expect.objectContaining({ path, code })]);
  });

  it('never grants more than the maker has', async () => {
    const { key } = await issue({ role: 'admin', scopes: ['keys.manage', 'runs.read'] });
    const refused = await app.fetch(KEYS, { ...json('POST', { name: 'more', role: 'viewer' }), key });
    expect(refused.status).toBe(403);
    const missing = ((await refused.json()) as { missing_permissions: string[] }).missing_permissions;
    expect(missing).toEqual(ROLE_PERMISSIONS.viewer.filter((permission) => permission !== 'runs.read'));
    await issue({ role: 'viewer', scopes: ['runs.read'] }, key);
  });

  it('does not let a narrow admin take over a wide key by rotating it', async () => {
    const wide = await issue({ role: 'admin' });
    const { key } = await issue({ role: 'admin', scopes: ['keys.manage'] });
    expect((await app.fetch(`${KEYS}/${wide.id}/rotate`, { method: 'POST', key })).status).toBe(403);
  });

  it('keeps the replayed key secret in the database and gives it back to its maker only', async () => {
    const init = json('POST', { name: 'once', role: 'viewer' }, { 'idempotency-key': 'issue-1' });
    const first = (await (await app.fetch(KEYS, init)).json()) as IssuedApiKeyDto;
    const again = await app.fetch(KEYS, init);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await again.json()).toEqual(first);
    const other = await issue({ role: 'admin' });
    expect((await app.fetch(KEYS, { ...init, key: other.key })).status).toBe(409);
  });
});

describe('permissions', () => {
  it('names what is missing', async () => {
    const { key } = await issue({ role: 'operator' });
    const response = await app.fetch(KEYS, { key });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'forbidden', missing_permission: 'keys.manage' });
  });
});

describe('the end of a key', () => {
  it('is immediate when it is revoked', async () => {
    const { key, id } = await issue({ role: 'viewer' });
    expect((await me(key)).status).toBe(200);
    expect((await app.fetch(`${KEYS}/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await me(key)).status).toBe(401);
    expect((await app.fetch(`${KEYS}/${id}`)).status).toBe(404);
    expect((await app.fetch(`${KEYS}/${id}`, { method: 'DELETE' })).status).toBe(404);
  });

  it('is immediate for the old secret when it is rotated', async () => {
    const { key, id } = await issue({ role: 'viewer' });
    expect((await me(key)).status).toBe(200);
    const rotated = (await (await app.fetch(`${KEYS}/${id}/rotate`, { method: 'POST' })).json()) as IssuedApiKeyDto;
    expect(rotated.id).toBe(id);
    expect((await me(key)).status).toBe(401);
    expect((await me(rotated.key)).status).toBe(200);
  });

  it('comes by itself at its expiry', async () => {
    const { key } = await issue({ role: 'viewer', expires_at: new Date(Date.now() + 1200).toISOString() });
    expect((await me(key)).status).toBe(200);
    await expect.poll(async () => (await me(key)).status, { timeout: 5000 }).toBe(401);
  });

  it('does not come to the last admin key of a tenant', async () => {
    const last = await issue({ role: 'admin', tenant: 'lonely' });
    await issue({ role: 'operator' }, last.key);
    const refused = await app.fetch(`${KEYS}/${last.id}`, { method: 'DELETE', key: last.key });
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ code: 'last_admin_key' });
    const second = await issue({ role: 'admin' }, last.key);
    const both = await Promise.all([
      app.fetch(`${KEYS}/${last.id}`, { method: 'DELETE', key: second.key }),
      app.fetch(`${KEYS}/${second.id}`, { method: 'DELETE', key: last.key }),
    ]);
    expect(both.filter((response) => response.status === 204)).toHaveLength(1);
  });
});

describe('tenants', () => {
  it('see and touch their own keys only', async () => {
    const a = await issue({ role: 'admin', tenant: 'tenant-a' });
    const b = await issue({ role: 'admin', tenant: 'tenant-b' });
    for (const [path, method] of [
      [`${KEYS}/${b.id}`, 'GET'],
      [`${KEYS}/${b.id}`, 'DELETE'],
      [`${KEYS}/${b.id}/rotate`, 'POST'],
    ] as const) {
      expect((await app.fetch(path, { method, key: a.key })).status).toBe(404);
    }
    const list = (await (await app.fetch(KEYS, { key: a.key })).json()) as { data: { id: string }[] };
    expect(list.data.map((entry) => entry.id)).toEqual([a.id]);
    expect((await me(b.key)).status).toBe(200);
  });

  it('get keys for others from the operator only', async () => {
    const a = await issue({ role: 'admin', tenant: 'tenant-c' });
    const refused = await app.fetch(KEYS, { ...json('POST', { name: 'x', role: 'viewer', tenant: 'tenant-d' }), key: a.key });
    expect(refused.status).toBe(403);
  });
});

describe('the last use of a key', () => {
  it('is written in the background', async () => {
    const { key, id } = await issue({ role: 'viewer' });
    await me(key);
    await app.nest.get(KeyUsage, { strict: false }).flush();
    const read = (await (await app.fetch(`${KEYS}/${id}`)).json()) as { last_used_at: string };
    expect(Date.now() - Date.parse(read.last_used_at)).toBeLessThan(60_000);
  });
});

describe('clients without a key', () => {
  it('have the anonymous role when there is one, and a bad key is still refused', async () => {
    const open = await startEdgeApp({ env: { HEDDLE_ANONYMOUS_ROLE: 'viewer' } });
    try {
      const response = await open.fetch('/api/v1/me', { key: null });
      expect(await response.json()).toMatchObject({ anonymous: true, key_id: null, role: 'viewer', tenant: 'default' });
      expect((await open.fetch(KEYS, { key: null })).status).toBe(403);
      expect((await open.fetch('/api/v1/me', { key: 'hdl_wrong' })).status).toBe(401);
    } finally {
      await open.close();
    }
  });
});
