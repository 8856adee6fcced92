import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { McpStub } from '../support/mcp-stub.js';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { eventually } from '../support/runs.js';
import { json, WebStub } from '../support/web-stub.js';

interface ServerBody {
  readonly name: string;
  readonly health: {
    readonly status: string;
    readonly error: string | null;
    readonly era: string | null;
    readonly protocol_version: string | null;
  };
  readonly tools: readonly { readonly name: string }[];
}

const STDIO = resolve('test/support/fixtures/mcp-stdio.ts');
let app: TestApp;
let api: ApiClient;
let stateless: McpStub;
let sessions: McpStub;
let shop: WebStub;
let directory: string;

beforeAll(async () => {
  stateless = await McpStub.start('stateless');
  sessions = await McpStub.start('sessions');
  shop = await WebStub.start({
    '/v1/wares/a%2Fb': ({ url, headers }, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ url, key: headers['x-key'], trace: headers['x-trace'] })),
    '/v1/orders': ({ body }, response) => response.writeHead(201, { 'content-type': 'application/json' }).end(body),
    '/v1/broken': json({ why: 'sold out' }, 409),
    '/openapi.yaml': (_, response) =>
      response.end(
        `openapi: 3.0.3\ninfo: { title: T, version: '1' }\nservers: [{ url: /v1 }]\npaths: { /broken: { get: { operationId: broken, responses: {} } } }\n`,
      ),
  });
  directory = await mkdtemp(join(tmpdir(), 'heddle-mcp-'));
  app = await startApp({
    env: {
      HEDDLE_EGRESS_ALLOW: '127.0.0.1',
      HEDDLE_SHELL: 'all',
      HEDDLE_SHELL_PATH: process.env['PATH'] ?? '',
      HEDDLE_SECRET_MCP: 's3cret',
    },
  });
  ({ api } = app);
});
afterAll(async () => {
  await app.close();
  stateless.stop();
  sessions.stop();
  shop.stop();
  await rm(directory, { recursive: true });
});

async function add(body: object, as = api): Promise<ServerBody> {
  const answer = await as.post<ServerBody>('/tools/servers', body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
}
const call = (tool: string, input: unknown, more: object = {}, as = api) =>
  as.post<{ output: unknown; code?: string; detail?: string }>(`/tools/${tool}/execute`, { input, ...more });
const servers = async () => (await api.get<{ data: ServerBody[] }>('/tools/servers')).body.data;

describe.each([
  ['stateless', 'stateless', '2026-07-28'],
  ['sessions', 'sessions', expect.stringMatching(/^2025-/) as unknown],
] as const)('an MCP server that is %s', (name, era, version) => {
  const stub = () => (name === 'stateless' ? stateless : sessions);

  it('is asked for its tools and called, with the secrets of the operator', async () => {
    const server = await add({ name, url: stub().url, headers: { authorization: 'Bearer {{ secrets.MCP }}' }, timeout_ms: 2_000 });
    expect(server).toMatchObject({ health: { status: 'ok', error: null, era, protocol_version: version }, headers: ['authorization'] });
    expect(server.tools.map((tool) => tool.name).toSorted()).toEqual([`${name}_add`, `${name}_fail`, `${name}_say-hello`, `${name}_stall`]);
    expect([...stub().authorizations]).toEqual(['Bearer s3cret']);
    expect(JSON.stringify(server)).not.toContain('s3cret');
    expect((await call(`${name}_add`, { a: 1, b: 2 })).body.output).toEqual({ sum: 3 });
    expect((await call(`${name}_say-hello`, { name: 'loom' })).body.output).toBe('Hello loom');
    expect(await call(`${name}_add`, { a: 'x' })).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect(await call(`${name}_fail`, {})).toMatchObject({ status: 422, body: { code: 'tool_failed', detail: 'no threads left' } });
    const { body } = await api.get<{ data: { name: string; source: string; repeatable: boolean }[] }>('/tools', {
      query: { source: 'mcp', q: `${name}_` },
    });
    expect(body.data.map((tool) => [tool.name, tool.repeatable])).toEqual([
      [`${name}_add`, true],
      [`${name}_fail`, false],
      [`${name}_say-hello`, false],
      [`${name}_stall`, false],
    ]);
  });

  it('is told to stop a call that takes too long', async () => {
    expect(await call(`${name}_stall`, {})).toMatchObject({ status: 408, body: { code: 'timeout' } });
    await eventually(
      () => Promise.resolve(stub().stopped),
      (count) => count > 0,
    );
    expect(await call(`${name}_stall`, {}, { timeout_ms: 150 })).toMatchObject({ status: 408 });
  });

  it('is never called twice for one call', async () => {
    const before = stub().times('tools/call');
    stub().cuts.set('tools/call', 1);
    const cut = await call(`${name}_say-hello`, { name: 'x' });
    expect(cut.status).toBeOneOf([422, 502, 503]);
    expect(stub().times('tools/call')).toBe(before + 1);
    expect((await call(`${name}_say-hello`, { name: 'again' })).body.output).toBe('Hello again');
  });
});

describe('tool servers', () => {
  it('begin a session again that was forgotten', async () => {
    sessions.forgetSessions();
    expect((await call('sessions_add', { a: 2, b: 2 })).body.output).toEqual({ sum: 4 });
  });

  it('are asked again for their list when that fails, and left alone after', async () => {
    stateless.cuts.set('tools/list', 2);
    const flaky = await add({ name: 'flaky', url: stateless.url });
    expect(flaky.health).toMatchObject({ status: 'ok' });
    expect(stateless.cuts.get('tools/list')).toBeLessThanOrEqual(0);
    const gone = await McpStub.start('stateless');
    const { url } = gone;
    gone.stop();
    const dead = await add({ name: 'dead', url });
    expect(dead).toMatchObject({ health: { status: 'failing', error: expect.stringContaining('127.0.0.1') as unknown }, tools: [] });
    expect((await servers()).find(({ name }) => name === 'dead')).toMatchObject({ health: { status: 'failing' } });
    expect(await call('dead_add', {})).toMatchObject({ status: 404 });
    expect((await add({ name: 'inner', url: 'http://10.0.0.1/mcp' })).health).toMatchObject({
      status: 'failing',
      error: expect.stringContaining('HEDDLE_EGRESS_ALLOW') as unknown,
    });
  });

  it('are the tenant’s own, managed by admins', async () => {
    const other = await app.createKey({ tenant: 'elsewhere', role: 'admin' });
    expect((await other.api.get<{ data: unknown[] }>('/tools/servers')).body.data).toEqual([]);
    expect(await call('stateless_add', { a: 1, b: 1 }, {}, other.api)).toMatchObject({ status: 404 });
    expect((await other.api.delete('/tools/servers/stateless')).status).toBe(404);
    expect(
      (await add({ name: 'stateless', url: stateless.url, headers: { 'x-token': '{{ secrets.MCP }}' } }, other.api)).health,
    ).toMatchObject({ status: 'failing', error: expect.stringContaining('no secret MCP') as unknown });
    const operator = await app.createKey({ role: 'operator' });
    expect((await operator.api.post('/tools/servers', { name: 'x', url: stateless.url })).status).toBe(403);
    expect((await operator.api.get('/tools/servers')).status).toBe(200);
  });

  it.each<[object, string]>([
    [{ name: 'x' }, '/url'],
    [{ name: 'x', url: 'ftp://a' }, '/url'],
    [{ name: 'x', url: 'http://a:b@c/' }, '/url'],
    [{ name: 'X_Y', url: 'http://a/' }, '/name'],
    [{ name: 'x', url: 'http://a/', command: 'sh' }, '/command'],
    [{ name: 'x', url: 'http://a/', headers: { authorization: 'Bearer clear' } }, '/headers/authorization'],
    [{ name: 'x', url: 'http://a/', headers: { 'a b': 'c' } }, '/headers/a b'],
    [{ name: 'x', kind: 'stdio' }, '/command'],
    [{ name: 'x', kind: 'stdio', command: 'a', env: { API_KEY: 'clear' } }, '/env/API_KEY'],
    [{ name: 'x', kind: 'openapi' }, '/document'],
    [{ name: 'x', kind: 'openapi', document: { openapi: '2.0' } }, '/document/openapi'],
    [{ name: 'x', kind: 'openapi', document: { openapi: '3.1.0', paths: { '/a': { get: {} } } } }, '/base_url'],
  ])('%j are refused', async (body, path) => {
    expect(await api.post('/tools/servers', body)).toMatchObject({ status: 422, body: { errors: [{ path }] } });
  });

  it('have names of their own, and go', async () => {
    expect(await api.post('/tools/servers', { name: 'flaky', url: stateless.url })).toMatchObject({
      status: 409,
      body: { code: 'server_exists' },
    });
    expect((await api.delete('/tools/servers/flaky')).status).toBe(204);
    expect((await api.delete('/tools/servers/flaky')).status).toBe(404);
    expect(await call('flaky_add', { a: 1, b: 1 })).toMatchObject({ status: 404 });
  });
});

describe('an MCP server that is a process', () => {
  it('is started where the operator allows it, sees nothing of the server, and ends', async () => {
    const notes = join(directory, 'pids');
    const server = await add({
      name: 'local',
      kind: 'stdio',
      command: process.execPath,
      args: [STDIO, notes],
      env: { GREETING: '{{ secrets.MCP }}' },
    });
    expect(server).toMatchObject({
      health: { status: 'ok', era: 'stateless' },
      tools: [{ name: 'local_environment' }, { name: 'local_grow' }],
    });
    const { output } = (await call('local_environment', {})).body;
    expect(output).toMatch(/^GREETING (HOME )?(LOGNAME )?PATH( SHELL)?( TERM)?( USER)?$/);
    // It says by itself that its list has changed.
    expect((await call('local_grow', {})).status).toBe(200);
    const grown = await eventually(
      () => call('local_grown', {}),
      ({ status }) => status === 200,
    );
    expect(grown.body.output).toBe('grown');
    expect((await api.delete('/tools/servers/local')).status).toBe(204);
    const pids = (await readFile(notes, 'utf8')).trim().split('\n').map(Number);
    await eventually(
      () => Promise.resolve(pids.filter(isAlive)),
      (alive) => alive.length === 0,
    );
  });

  it('is refused elsewhere', async () => {
    const closed = await startApp();
    try {
      expect(await closed.api.post('/tools/servers', { name: 'local', kind: 'stdio', command: 'sh' })).toMatchObject({
        status: 422,
        body: { errors: [{ path: '/kind', code: 'shell_refused' }] },
      });
    } finally {
      await closed.close();
    }
  });
});

describe('operations of an OpenAPI document', () => {
  const DOCUMENT = {
    openapi: '3.0.3',
    info: { title: 'Shop', version: '1' },
    paths: {
      '/wares/{id}': {
        parameters: [{ $ref: '#/components/parameters/Id' }],
        get: {
          operationId: 'getWare',
          summary: 'A ware',
          parameters: [
            { name: 'tags', in: 'query', schema: { type: 'array', items: { type: 'string' } } },
            { name: 'x-trace', in: 'header', schema: { type: 'string' } },
            { name: 'x-key', in: 'header', schema: { type: 'string' } },
          ],
        },
      },
      '/orders': {
        post: { requestBody: { required: true, content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } } } },
      },
      '/photos': { post: { requestBody: { required: true, content: { 'image/png': {} } } } },
    },
    components: {
      parameters: { Id: { name: 'id', in: 'path', required: true, schema: { type: 'string' } } },
      schemas: {
        Order: {
          type: 'object',
          required: ['ware'],
          properties: {
            ware: { type: 'string', nullable: true },
            part_of: { $ref: '#/components/schemas/Order' },
            count: { type: 'integer', minimum: 0, exclusiveMinimum: true },
          },
        },
      },
    },
  };

  it('are tools', async () => {
    const server = await add({
      name: 'shop',
      kind: 'openapi',
      document: DOCUMENT,
      base_url: `${shop.url}/v1`,
      headers: { 'X-Key': '{{ secrets.MCP }}' },
    });
    expect(server.tools.map(({ name }) => name)).toEqual(['shop_getWare', 'shop_post_orders']);
    expect((await call('shop_getWare', { id: 'a/b', tags: ['x', 'y'], 'x-trace': 't', 'x-key': 'mine' })).body.output).toEqual({
      status_code: 200,
      body: { url: '/v1/wares/a%2Fb?tags=x&tags=y', key: 's3cret', trace: 't' },
    });
    expect(await call('shop_getWare', { id: '..' })).toMatchObject({ status: 422, body: { code: 'invalid_input' } });
    expect((await call('shop_post_orders', { body: { ware: null, part_of: { ware: 'a', count: 1 } } })).body.output).toEqual({
      status_code: 201,
      body: { ware: null, part_of: { ware: 'a', count: 1 } },
    });
    expect(await call('shop_post_orders', { body: { ware: 'a', count: 0 } })).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/input/body/count' }] },
    });
  });

  it('are read from where the document is', async () => {
    expect((await add({ name: 'remote', kind: 'openapi', url: `${shop.url}/openapi.yaml` })).tools.map(({ name }) => name)).toEqual([
      'remote_broken',
    ]);
    expect(await call('remote_broken', {})).toMatchObject({ status: 502, body: { code: 'http_status', details: { status: 409 } } });
    expect(await api.post('/tools/servers', { name: 'none', kind: 'openapi', url: `${shop.url}/nothing` })).toMatchObject({
      status: 502,
      body: { code: 'http_status' },
    });
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
