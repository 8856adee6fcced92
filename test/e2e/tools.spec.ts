import { once } from 'node:events';
import { link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { eventually, storeWorkflow } from '../support/runs.js';
import { MailStub } from '../support/mail-stub.js';
import { json, WebStub } from '../support/web-stub.js';

interface ToolBody {
  readonly name: string;
  readonly source: string;
  readonly input_schema: { readonly type?: string; readonly properties?: Record<string, unknown> };
}

let app: TestApp;
let api: ApiClient;
let web: WebStub;
let mail: MailStub;
let directory: string;
let stalled: (() => void) | undefined;

beforeAll(async () => {
  web = await WebStub.start({
    '/echo': ({ method, headers, body }, response) =>
      response
        .writeHead(201, { 'content-type': 'application/json', 'x-seen': 'yes' })
        .end(JSON.stringify({ method, token: headers['x-token'], body })),
    '/graphql': json({ data: { answer: 42 } }),
    '/broken': (_, response) => response.writeHead(500).end('no'),
    '/search': json({ results: [{ title: 'Heddle', url: 'https://example.com/h', content: 'lifts threads', score: 0.9, raw: 'x' }] }),
    '/page': (_, response) =>
      response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
        .end(
          '<html><head><title>A page</title><style>p{}</style></head><body><h1>Looms</h1><p>A <b>heddle</b> lifts&nbsp;threads.</p><script>evil()</script></body></html>',
        ),
    '/api/rest_v1/page/summary/Heddle': json({
      title: 'Heddle',
      extract: 'Part of a loom.',
      content_urls: { desktop: { page: 'https://en.wikipedia.org/wiki/Heddle' } },
    }),
    '/w/api.php': json(['hedle', ['Heddle'], [''], ['']]),
    '/slack': (_, response) => response.end('ok'),
    '/messages': json({ message_id: 'm-1', status: 'queued' }, 202),
    '/stall': (_, response) => response.once('close', () => stalled?.()),
  });
  mail = await MailStub.start();
  directory = await mkdtemp(join(tmpdir(), 'heddle-tools-'));
  const shop = new DatabaseSync(join(directory, 'shop.db'));
  shop.exec("CREATE TABLE wares (id integer, name text); INSERT INTO wares VALUES (1, 'heddle'), (2, 'reed'), (3, 'shuttle')");
  shop.close();
  app = await startApp({
    env: {
      HEDDLE_EGRESS_ALLOW: '127.0.0.1',
      HEDDLE_SECRET_SLACK_WEBHOOK_URL: `${web.url}/slack`,
      HEDDLE_SECRET_SQL_SHOP: `sqlite://${join(directory, 'shop.db')}`,
      HEDDLE_SECRET_GATEWAY: `${web.url}/messages`,
    },
  });
  ({ api } = app);
});
afterAll(async () => {
  await app.close();
  web.stop();
  mail.stop();
  await rm(directory, { recursive: true });
});

const call = (tool: string, input: unknown, more: object = {}, as = api) =>
  as.post<{ tool: string; output: Record<string, unknown>; timing_ms: number; code?: string; errors?: { path: string }[] }>(
    `/tools/${tool}/execute`,
    {
      input,
      ...more,
    },
  );
async function outputOf(tool: string, input: unknown, more: object = {}): Promise<unknown> {
  const { status, body } = await call(tool, input, more);
  expect({ status, body }).toMatchObject({ status: 200, body: { tool } });
  return body.output;
}

describe('the tools of an installation', () => {
  it('are those of Astromesh and more, each with its schemas', async () => {
    const { body } = await api.get<{ tools: { name: string; parameters: { type: string } }[]; count: number }>('/tools/builtin');
    const names = body.tools.map(({ name }) => name);
    expect(body.count).toBe(names.length);
    expect(names).toEqual(
      expect.arrayContaining(
        'datetime_now json_transform cache_store http_request graphql_query web_search web_scrape wikipedia send_webhook send_slack text_summarize rag_query rag_ingest send_message'.split(
          ' ',
        ),
      ),
    );
    for (const { parameters } of body.tools) expect(parameters.type).toBe('object');
  });

  it('are listed with those of the tenant, page by page', async () => {
    await storeWorkflow(api, {
      name: 'shop/price-of',
      description: 'Prices',
      inputs: { type: 'object', properties: { n: { type: 'number' } } },
      nodes: [{ id: 'a', type: 'transform.set', config: { values: { price: '{{ inputs.n * 2 }}' } } }],
    });
    await api.post('/rag/collections', { name: 'hand.book' });
    const all: ToolBody[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body }: { body: { data: ToolBody[]; next_cursor: string | null } } = await api.get('/tools', {
        query: { limit: 5, ...(cursor === '' ? {} : { cursor }) },
      });
      all.push(...body.data);
      cursor = body.next_cursor;
    }
    const names = all.map(({ name }) => name);
    expect(names).toEqual(names.toSorted());
    expect(new Set(names).size).toBe(names.length);
    expect(all.find(({ name }) => name === 'workflow_shop_price-of')).toMatchObject({
      source: 'workflow',
      input_schema: { properties: { n: { type: 'number' } } },
    });
    expect(all.find(({ name }) => name === 'collection_hand-book')).toMatchObject({ source: 'collection' });
    const { body: some } = await api.get<{ data: ToolBody[] }>('/tools', { query: { source: 'workflow', q: 'PRICE' } });
    expect(some.data.map(({ name }) => name)).toEqual(['workflow_shop_price-of']);
  });

  it('are only called by those who may, with what fits, and are those of one’s own tenant', async () => {
    const viewer = await app.createKey({ role: 'viewer' });
    expect(await call('datetime_now', {}, {}, viewer.api)).toMatchObject({ status: 403 });
    expect((await viewer.api.get('/tools')).status).toBe(200);
    expect(await call('nothing_like_it', {})).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await call('web_search', { max_results: 'x', odd: 1 })).toMatchObject({
      status: 422,
      body: {
        errors: expect.arrayContaining([
          expect.objectContaining({ path: '/input/query', code: 'required' }),
          expect.objectContaining({ path: '/input/max_results' }),
          expect.objectContaining({ path: '/input/odd' }),
        ]) as unknown,
      },
    });
    expect(await call('datetime_now', {}, { config: { zone: 1 } })).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/config/zone' }] },
    });
    const other = await app.createKey({ tenant: 'elsewhere' });
    expect(await call('workflow_shop_price-of', {}, {}, other.api)).toMatchObject({ status: 404 });
    expect(await call('send_slack', { message: 'hi' }, {}, other.api)).toMatchObject({ status: 422, body: { code: 'not_configured' } });
  });
});

describe('tools that compute', () => {
  it('tell the time, also in zones that do not exist', async () => {
    expect(await outputOf('datetime_now', { timezone: 'Asia/Kolkata' })).toMatchObject({
      timezone: 'Asia/Kolkata',
      datetime: expect.stringMatching(/\+05:30$/) as unknown,
    });
    expect(await outputOf('datetime_now', { timezone: 'Mars/Base' })).toMatchObject({ timezone: 'UTC' });
  });

  it('transform data by Jinja, and are stopped when that takes for ever', async () => {
    const data = { items: [{ n: 1 }, { n: 2 }] };
    expect(
      await outputOf('json_transform', {
        data,
        template: '{"all": [{% for i in data["items"] %}{{ i.n * 10 }}{% if not loop.last %},{% endif %}{% endfor %}]}',
      }),
    ).toEqual({ all: [10, 20] });
    expect(await call('json_transform', { data, template: 'no json' })).toMatchObject({ status: 422, body: { code: 'invalid_json' } });
    expect(await call('json_transform', { data, template: '{% for a in x' })).toMatchObject({
      status: 422,
      body: { code: 'template_failed' },
    });
    const loop = '{% for a in range(3000) %}{% for b in range(3000) %}{% for c in range(3000) %}{% endfor %}{% endfor %}{% endfor %}';
    expect((await call('json_transform', { data, template: loop })).status).toBeOneOf([408, 422]);
  }, 30_000);

  it('calculate, run JavaScript and summarize', async () => {
    expect(await outputOf('calculate', { expression: 'inputs.a * 2 + 1', values: { a: 3 } })).toEqual({ result: 7 });
    expect(await call('calculate', { expression: '1 +' })).toMatchObject({ status: 422, body: { code: 'invalid_expression' } });
    expect(await outputOf('run_javascript', { code: 'return input.map((x) => x * x)', input: [1, 2, 3] })).toEqual([1, 4, 9]);
    expect(await call('run_javascript', { code: 'while (true) {}' }, { config: { timeout_ms: 100 } })).toMatchObject({ status: 408 });
    expect(await outputOf('text_summarize', { text: 'Short.' })).toEqual({ summary: 'Short.', was_summarized: false });
    const long = 'The heddle lifts warp threads. '.repeat(20) + 'Nobody likes Mondays here at all.';
    expect(await outputOf('text_summarize', { text: long, max_length: 12 })).toEqual({
      summary: 'The heddle lifts warp threads. The heddle lifts warp threads.',
      was_summarized: true,
    });
  });

  it('remember values for a while, for their tenant', async () => {
    expect(await outputOf('cache_store', { action: 'get', key: 'k' })).toEqual({
      value: null,
      metadata: { action: 'get', key: 'k', found: false },
    });
    await outputOf('cache_store', { action: 'set', key: 'k', value: { a: [1] } });
    expect(await outputOf('cache_store', { action: 'get', key: 'k' })).toMatchObject({ value: { a: [1] } });
    const other = await app.createKey({ tenant: 'elsewhere' });
    expect((await call('cache_store', { action: 'get', key: 'k' }, {}, other.api)).body.output).toMatchObject({
      metadata: { found: false },
    });
    await outputOf('cache_store', { action: 'set', key: 'brief', value: 1, ttl_seconds: 1 });
    await eventually(
      () => outputOf('cache_store', { action: 'get', key: 'brief' }) as Promise<{ metadata: { found: boolean } }>,
      ({ metadata }) => !metadata.found,
    );
    expect(await outputOf('cache_store', { action: 'delete', key: 'k' })).toMatchObject({ metadata: { found: true } });
    expect(await call('cache_store', { action: 'set', key: 'k' })).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/input/value' }] },
    });
  });
});

describe('tools that reach out', () => {
  it('send requests, through the guard', async () => {
    expect(
      await outputOf('http_request', { method: 'POST', url: `${web.url}/echo`, headers: { 'x-token': 't' }, body: { a: 1 } }),
    ).toMatchObject({
      status_code: 201,
      headers: { 'x-seen': 'yes' },
      body: { method: 'POST', token: 't', body: '{"a":1}' },
    });
    expect(
      await call('http_request', { method: 'GET', url: 'http://169.254.169.254/latest' }, { config: { allow_localhost: true } }),
    ).toMatchObject({ status: 422, body: { code: 'egress_refused' } });
    expect(await outputOf('graphql_query', { endpoint: `${web.url}/graphql`, query: '{ answer }' })).toEqual({ data: { answer: 42 } });
    expect(await call('graphql_query', { endpoint: `${web.url}/broken`, query: '{ a }' })).toMatchObject({
      status: 502,
      body: { code: 'http_status' },
    });
    expect(await outputOf('send_webhook', { url: `${web.url}/echo`, payload: { a: 1 } })).toMatchObject({
      status_code: 201,
      response: { method: 'POST' },
    });
  });

  it('read pages and look things up', async () => {
    expect(await outputOf('web_scrape', { url: `${web.url}/page` })).toEqual({
      title: 'A page',
      content: 'Looms\nA heddle lifts threads.',
      url: `${web.url}/page`,
      length: 29,
      truncated: false,
    });
    expect(await outputOf('wikipedia', { topic: 'hedle' }, { config: { base_url: web.url } })).toEqual({
      title: 'Heddle',
      extract: 'Part of a loom.',
      url: 'https://en.wikipedia.org/wiki/Heddle',
    });
    expect(await call('web_search', { query: 'x' })).toMatchObject({
      status: 422,
      body: { code: 'not_configured', detail: expect.stringContaining('HEDDLE_SECRET_SEARCH_API_KEY') as unknown },
    });
    const found = { results: [{ title: 'Heddle', url: 'https://example.com/h', content: 'lifts threads', score: 0.9 }] };
    expect(await outputOf('web_search', { query: 'looms' }, { config: { api_key: 'k', base_url: web.url } })).toEqual(found);
    expect(web.at('/search').at(-1)).toMatchObject({
      method: 'POST',
      headers: { authorization: 'Bearer k' },
      body: '{"query":"looms","max_results":5}',
    });
    expect(await outputOf('web_search', { query: 'looms' }, { config: { base_url: web.url } })).toEqual(found);
    expect(web.at('/search').at(-1)?.url).toBe('/search?q=looms&format=json');
  });

  it('send messages with the secrets of the operator', async () => {
    expect(await outputOf('send_slack', { message: 'hello', channel: '#looms' })).toEqual({ response: 'ok' });
    expect(web.at('/slack').at(-1)?.body).toBe('{"text":"hello","channel":"#looms"}');
    expect(await call('send_message', { channel: 'sms', recipient: '+1', text: 'x' })).toMatchObject({
      status: 422,
      body: { code: 'not_configured', details: { missing: ['endpoint'] } },
    });
    expect(
      await outputOf('send_message', { channel: 'sms', recipient: '+1', text: 'x' }, { config: { endpoint: '{{ secrets.GATEWAY }}' } }),
    ).toEqual({ message_id: 'm-1', status: 'queued' });
    expect(
      await call('send_message', { channel: 'sms', recipient: '+1', text: 'x' }, { config: { endpoint: '{{ secrets.NOPE }}' } }),
    ).toMatchObject({ status: 422, body: { code: 'not_configured' } });
  });

  it('stop at their time, and when the caller leaves', async () => {
    const left = new Promise<void>((resolve) => (stalled = resolve));
    expect(await call('http_request', { method: 'GET', url: `${web.url}/stall` }, { timeout_ms: 200 })).toMatchObject({
      status: 408,
      body: { code: 'timeout' },
    });
    await left;
    const leaving = new AbortController();
    const broken = new Promise<void>((resolve) => (stalled = resolve));
    const before = web.at('/stall').length;
    const request = fetch(`${app.url}/api/v1/tools/http_request/execute`, {
      method: 'POST',
      headers: { authorization: `Bearer ${app.adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ input: { method: 'GET', url: `${web.url}/stall` } }),
      signal: leaving.signal,
    });
    await eventually(
      () => Promise.resolve(web.at('/stall').length),
      (count) => count > before,
    );
    leaving.abort();
    await expect(request).rejects.toThrow(/abort/i);
    await broken;
  });
});

describe('files of tools', () => {
  const root = () => join(app.dataDir, 'tool-files', 'default');
  const refused = async (path: string, code: string, tool = 'read_file') =>
    expect(await call(tool, { path, ...(tool === 'write_file' ? { content: 'x' } : {}) })).toMatchObject({ status: 422, body: { code } });

  it('are written and read again, by those of the tenant', async () => {
    expect(await outputOf('write_file', { path: '/notes/a.txt', content: 'grün' })).toEqual({ path: 'notes/a.txt', bytes_written: 5 });
    expect(await outputOf('read_file', { path: 'notes/a.txt' })).toEqual({ content: 'grün', path: 'notes/a.txt', size: 5 });
    expect(await outputOf('read_file', { path: 'notes/a.txt', encoding: 'base64' })).toMatchObject({
      content: Buffer.from('grün').toString('base64'),
    });
    const other = await app.createKey({ tenant: 'elsewhere' });
    expect(await call('read_file', { path: 'notes/a.txt' }, {}, other.api)).toMatchObject({
      status: 422,
      body: { code: 'file_not_found' },
    });
    expect(await call('read_file', { path: 'notes/a.txt' }, { config: { allowed_paths: ['note'] } })).toMatchObject({
      status: 422,
      body: { code: 'path_not_allowed' },
    });
    expect(await outputOf('read_file', { path: 'notes/a.txt' }, { config: { allowed_paths: ['/notes/'] } })).toMatchObject({ size: 5 });
    expect(await call('write_file', { path: 'big', content: 'x'.repeat(10 * 1024 * 1024 + 1) })).toMatchObject({
      status: 422,
      body: { code: 'too_large' },
    });
  });

  it('are no way out', async () => {
    for (const path of [
      '../x',
      'a/../../x',
      'notes/..',
      './x',
      'a//b',
      'a/./b',
      'a\\..\\b',
      '..',
      '/',
      `${'x/'.repeat(30)}x`,
      'x'.repeat(300),
    ]) {
      await refused(path, 'invalid_path');
      await refused(path, 'invalid_path', 'write_file');
    }
    const outside = join(app.dataDir, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'secret'), 'secret');
    await symlink(join(outside, 'secret'), join(root(), 'link'));
    await symlink(outside, join(root(), 'directory'));
    await symlink('/proc/self/environ', join(root(), 'environ'));
    await link(join(outside, 'secret'), join(root(), 'hard'));
    await refused('link', 'not_a_file');
    await refused('environ', 'not_a_file');
    await refused('hard', 'not_a_file');
    await refused('directory/secret', 'invalid_path');
    await refused('notes', 'not_a_file');
    await refused('link', 'not_a_file', 'write_file');
    await refused('directory/new', 'invalid_path', 'write_file');
    await refused('directory/sub/new', 'invalid_path', 'write_file');
    await outputOf('write_file', { path: 'plain', content: 'x' });
    expect(await readdir(outside)).toEqual(['secret']);
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
    const socket = createServer().listen(join(root(), 'socket'));
    await once(socket, 'listening');
    await refused('socket', 'not_a_file');
    socket.close();
  });
});

describe('databases', () => {
  const ask = (query: string, params: unknown[] = [], config: object = {}) =>
    call('sql_query', { query, params, database: 'shop' }, { config });

  it('that the operator has named are read', async () => {
    expect(
      await outputOf('sql_query', { database: 'shop', query: 'SELECT id, name FROM wares WHERE id > ? ORDER BY id', params: [1] }),
    ).toEqual({
      columns: ['id', 'name'],
      rows: [
        [2, 'reed'],
        [3, 'shuttle'],
      ],
      row_count: 2,
      truncated: false,
    });
    expect((await ask('SELECT id FROM wares', [], { max_rows: 1 })).body.output).toMatchObject({ row_count: 1, truncated: true });
    expect((await ask('SELECT 9007199254740993 AS big, NULL AS none')).body.output).toMatchObject({ rows: [['9007199254740993', null]] });
  });

  it('are not written to, nor left', async () => {
    const attempts = [
      "INSERT INTO wares VALUES (9, 'x')",
      'DELETE FROM wares',
      'DROP TABLE wares',
      "ATTACH '/tmp/other.db' AS other",
      'PRAGMA writable_schema = 1',
      'WITH x AS (SELECT 1) DELETE FROM wares',
      "VACUUM INTO '/tmp/copy.db'",
      "SELECT load_extension('x')",
      'BEGIN',
    ];
    for (const query of attempts) expect(await ask(query)).toMatchObject({ status: 422, body: { code: 'sql_refused' } });
    await ask("SELECT 1; INSERT INTO wares VALUES (9, 'x')");
    expect((await ask('SELECT count(*) FROM wares')).body.output).toMatchObject({ rows: [[3]] });
    const forEver = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';
    expect(await ask(forEver, [], { timeout_seconds: 0.5 })).toMatchObject({ status: 408, body: { code: 'timeout' } });
  });

  it('nobody has named are out of reach', async () => {
    expect(await call('sql_query', { query: 'SELECT 1', database: 'other' })).toMatchObject({
      status: 422,
      body: { code: 'not_configured' },
    });
    expect(await call('sql_query', { query: 'SELECT 1' }, { config: { connection_string: 'sqlite:////etc/passwd' } })).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/config/connection_string' }] },
    });
    const other = await app.createKey({ tenant: 'elsewhere' });
    expect(await call('sql_query', { query: 'SELECT 1', database: 'shop' }, {}, other.api)).toMatchObject({
      status: 422,
      body: { code: 'not_configured' },
    });
  });
});

describe('e-mail', () => {
  it('is sent through the server of the operator, and not without one', async () => {
    expect(await call('send_email', { to: 'a@b.c', subject: 's', body: 'b' })).toMatchObject({
      status: 422,
      body: { code: 'not_configured' },
    });
    const config = { smtp_host: '127.0.0.1', smtp_port: mail.port, from_address: 'loom@example.com', require_tls: false };
    expect(await outputOf('send_email', { to: 'a@example.com', subject: 'Threads', body: 'All lifted.' }, { config })).toMatchObject({
      to: 'a@example.com',
      subject: 'Threads',
    });
    expect(mail.messages.at(-1)).toMatch(/Subject: Threads[\s\S]*All lifted\./);
    expect(await call('send_email', { to: 'a@b.c\r\nBcc: x@y.z', subject: 's', body: 'b' }, { config })).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/input/to' }] },
    });
    expect(await call('send_email', { to: 'a@b.c', subject: 's', body: 'b' }, { config: { ...config, require_tls: true } })).toMatchObject({
      status: 502,
      body: { code: 'mail_refused' },
    });
    expect(
      await call('send_email', { to: 'a@b.c', subject: 's', body: 'b' }, { config: { ...config, smtp_host: '10.0.0.1' } }),
    ).toMatchObject({ status: 422, body: { code: 'egress_refused' } });
  });
});

describe('what a tenant has, as tools', () => {
  it('runs workflows and waits for them', async () => {
    expect(await outputOf('workflow_shop_price-of', { n: 21 })).toEqual({ a: { price: 42 } });
    expect(await call('workflow_shop_price-of', { n: 'x' })).toMatchObject({ status: 422, body: { errors: [{ path: '/input/n' }] } });
    await storeWorkflow(api, {
      name: 'shop/fails',
      nodes: [{ id: 'a', type: 'control.fail', config: { message: 'sold out', code: 'sold_out' } }],
    });
    expect(await call('workflow_shop_fails', {})).toMatchObject({ status: 422, body: { code: 'sold_out', details: { status: 'failed' } } });
  });

  it('cancels the run when the time is over', async () => {
    await storeWorkflow(api, { name: 'shop/slow', nodes: [{ id: 'a', type: 'time.delay', config: { delay_ms: 600_000 } }] });
    const { status, body } = await call('workflow_shop_slow', {}, { timeout_ms: 100 });
    expect({ status, body }).toMatchObject({ status: 408 });
    const { body: runs } = await api.get<{ data: { id: string }[] }>('/runs', { query: { workflow: 'shop/slow' } });
    await eventually(
      async () => (await api.get<{ status: string }>(`/runs/${runs.data[0]?.id}`)).body.status,
      (each) => each === 'cancelled',
    );
  });

  it('searches collections', async () => {
    expect(await outputOf('rag_ingest', { document: 'A heddle lifts warp threads.', collection: 'hand.book' })).toMatchObject({
      ingested: true,
      chunks_created: 1,
    });
    expect(await outputOf('rag_query', { query: 'warp', collection: 'hand.book' })).toMatchObject({
      results: [{ text: 'A heddle lifts warp threads.' }],
    });
    expect(await outputOf('collection_hand-book', { query: 'warp' })).toMatchObject({
      results: [{ text: 'A heddle lifts warp threads.' }],
    });
    expect(await call('rag_query', { query: 'warp' })).toMatchObject({ status: 422, body: { code: 'not_configured' } });
    expect(await call('rag_query', { query: 'warp', collection: 'none' })).toMatchObject({ status: 422, body: { code: 'not_found' } });
  });
});
