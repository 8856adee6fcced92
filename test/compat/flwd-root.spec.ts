import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually } from '../support/runs.js';
import { entrancesOf } from './support/entrances.js';
import { DialectClient, type SseMessage } from './support/http.js';
import { deviation, row } from './support/rows.js';
import { expectShape } from './support/shape.js';

interface Run {
  id: string;
  job_id: string;
  status: string;
  started_at: string;
}

const RUN_ID = /^run_[0-9A-HJKMNP-TV-Z]{26}$/;
const SOME_RUN: unknown = expect.stringMatching(RUN_ID);
const TEXT: unknown = expect.any(String);
const TYPES = 'https://flowd.dev/problems/';
const CREATE = { job_id: 'backup/daily', args: { target: '/mnt/backup' } };

let root: string;
let server: TestApp;

async function put(file: string, text: string): Promise<void> {
  const path = join(root, 'jobs', file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'heddle-flwd-root-'));
  await put(
    'backup/daily/config.yaml',
    `name: daily
description: Daily backup job
argspec:
  type: object
  properties:
    target: { type: string, description: Backup target directory }
    keep: { type: integer, default: 7 }
    token: { type: string, format: secret }
  required: [target]
steps:
  - { id: dump, name: Dump, script: 'echo "dumping $target"; echo "slowly" >&2' }
  - { id: pack, name: Pack, script: 'echo packed', needs: [dump] }
`,
  );
  await put('ops/broken/config.yaml', 'name: broken\ncommand: echo no >&2; exit 3\n');
  await put('ops/slow/config.yaml', 'name: slow\ncommand: echo on its way; sleep 300\n');
  await put('ops/unreadable/config.yaml', 'name: unreadable\ncommand: 7\n');
  server = await startApp({
    env: {
      HEDDLE_WORKFLOWS_DIR: `local-fs=${join(root, 'jobs')}`,
      HEDDLE_COMPAT_PORTS: 'flwd=0',
      HEDDLE_SECRET_TOKEN: 'very-secret-token',
    },
  });
});
afterAll(async () => {
  await server?.close();
  rmSync(root, { recursive: true, force: true });
});

describe.each(entrancesOf('flwd'))('the root of flwd %s', (_where, urlOf) => {
  let flwd: DialectClient;

  beforeAll(() => {
    flwd = new DialectClient(urlOf(server), server.adminKey);
  });

  const key = (): Record<string, string> => ({ 'idempotency-key': randomUUID() });
  const start = async (body: object): Promise<Run> => {
    const { status, body: run } = await flwd.send('POST', '/runs', body, key());
    expect({ status, run }).toMatchObject({ status: 201 });
    return run as Run;
  };
  const read = (id: string): Promise<Run> => flwd.get<Run>(`/runs/${id}`);
  const ended = (id: string): Promise<Run> =>
    eventually(
      () => read(id),
      ({ status }) => !['queued', 'running'].includes(status),
      30_000,
    );
  const problem = async (method: string, path: string, body?: object | string, headers?: Record<string, string>): Promise<unknown> => {
    const reply = await flwd.send(method, path, body, headers);
    expect(reply.headers.get('content-type')).toContain('application/problem+json');
    expect(reply.body).toMatchObject({ status: reply.status, instance: path.split('?')[0] });
    return reply.body;
  };

  row('GET /healthz', 'no content, without a key too', async () => {
    expect((await flwd.withKey(undefined).send('GET', '/healthz')).status).toBe(204);
    expect((await flwd.withKey('hdl_nobody').send('GET', '/healthz')).status).toBe(204);
  });

  row('GET /health/storage', 'the database and its size', async () => {
    const storage = await flwd.get('/health/storage');
    expectShape(storage, {
      driver: 'sqlite',
      ok: true,
      bytes_used: 1,
      max_bytes: 1,
      journal_bytes: 1,
      journal_max_bytes: 1,
      eviction_active: false,
      schema_version: 1,
    });
    expect(storage).toMatchObject({ ok: true, driver: 'postgres' });
    expect((await flwd.withKey(undefined).send('GET', '/health/storage')).status).toBe(401);
  });

  row('GET /jobs', 'an array by ids, pages, and how many files could not be loaded', async () => {
    const { headers, body } = await flwd.send('GET', '/jobs');
    expect((body as { id: string }[]).map(({ id }) => id)).toEqual(['backup/daily', 'ops/broken', 'ops/slow']);
    expect((body as object[])[0]).toEqual({
      id: 'backup/daily',
      name: 'daily',
      description: 'Daily backup job',
      args: [
        { name: 'target', type: 'string', required: true, description: 'Backup target directory' },
        { name: 'keep', type: 'integer', default: 7 },
        { name: 'token', type: 'string', secret: true, description: TEXT },
      ],
      source: { name: 'local-fs', type: 'local' },
    });
    expect(headers.get('x-flowd-discovery-errors')).toBe('1');
    expect(await flwd.get('/jobs?page=2&per_page=2')).toMatchObject([{ id: 'ops/slow' }]);
    expect(await flwd.get('/jobs?page=9')).toEqual([]);
    for (const query of ['page=0', 'per_page=201', 'page=x'])
      expect(await problem('GET', `/jobs?${query}`)).toMatchObject({ title: 'invalid pagination', status: 400 });
  });

  row('POST /plans', 'what a run would be: arguments, steps, requirements, provenance', async () => {
    const runs = async (): Promise<string[]> => (await flwd.get<Run[]>('/runs')).map(({ id }) => id);
    const before = await runs();
    const plan = await flwd.post('/plans', { ...CREATE, source: { name: 'local-fs' } }, 200);
    expect(plan).toMatchObject({
      job_id: 'backup/daily',
      effective_argspec: { args: [{ name: 'target', required: true }, { name: 'keep' }, { name: 'token', secret: true }] },
      executor_preview: { executor: 'proc', composition: 'steps' },
      requirements: { tools: [], status: 'ok' },
      resolved_args: { target: '/mnt/backup', keep: 7, token: '[secret]' },
      security_profile: 'disabled',
      steps: [
        { id: 'dump', name: 'Dump', executor: 'proc' },
        { id: 'pack', name: 'Pack', executor: 'proc' },
      ],
      provenance: {
        source: { type: 'local', name: 'local-fs', ref: join(root, 'jobs'), resolved_ref: join(root, 'jobs') },
        canonical_id: 'backup/daily',
        canonical_path: 'backup/daily',
      },
    });
    expect(await flwd.post('/plans', { job: 'ops/slow', source: 'local-fs' }, 200)).toMatchObject({
      job_id: 'ops/slow',
      executor_preview: { composition: 'single' },
    });
    expect(await runs()).toEqual(before);
  });

  row('POST /plans', 'the problems of a plan', async () => {
    const plan = (body: object | string): Promise<unknown> => problem('POST', '/plans', body);
    expect(await plan({})).toMatchObject({ title: 'job_id is required', status: 400 });
    expect(await plan('{')).toMatchObject({ title: 'invalid request body', status: 400 });
    expect(await plan({ ...CREATE, unknown: 1 })).toMatchObject({ title: 'invalid request body', status: 400 });
    expect(await plan({ job_id: 'no/such' })).toMatchObject({ title: 'job not found', status: 404 });
    expect(await plan({ ...CREATE, source: 'elsewhere' })).toMatchObject({ title: 'source not found', status: 404, detail: 'elsewhere' });
    expect(await plan({ ...CREATE, source: { name: 'api' } })).toMatchObject({ title: 'job not found', status: 404 });
    expect(await plan({ job_id: 'ops/slow', args: { a: 1 } })).toMatchObject({ title: 'job does not accept arguments', status: 400 });
    expect(await plan({ job_id: 'backup/daily', args: { target: 1 } })).toMatchObject({
      title: 'argument validation failed',
      status: 422,
      errors: [{ arg: 'target', message: TEXT }],
    });
    expect(await plan({ job_id: 'backup/daily' })).toMatchObject({ status: 422, errors: [{ arg: 'target' }] });
  });

  row('POST /runs', '201 at once, with what it will run', async () => {
    const run = await start(CREATE);
    expect(run).toMatchObject({
      job_id: 'backup/daily',
      result: { resolved_args: { target: '/mnt/backup', keep: 7 } },
      executor: 'proc',
      security_profile: 'disabled',
      provenance: { source: { name: 'local-fs' }, canonical_id: 'backup/daily' },
    });
    expect(run.id).toMatch(RUN_ID);
    expect(['queued', 'running']).toContain(run.status);
    expect(await ended(run.id)).toMatchObject({ status: 'completed' });
    expect(await ended((await start({ job: 'ops/broken' })).id)).toMatchObject({ status: 'failed' });
  });

  row('POST /runs', 'once per Idempotency-Key, whatever the order of members', async () => {
    const headers = key();
    const first = await flwd.send('POST', '/runs', CREATE, headers);
    const again = await flwd.send('POST', '/runs', `{"args": {"target": "/mnt/backup"}, "job_id": "backup/daily"}`, headers);
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(first.headers.get('idempotent-replay')).toBeNull();
    expect(again.headers.get('idempotent-replay')).toBe('true');
    const conflict = { title: 'idempotency key conflict', status: 409, type: `${TYPES}idempotency-key-conflict` };
    expect(await problem('POST', '/runs', { job_id: 'ops/broken' }, headers)).toMatchObject(conflict);
  });

  row('POST /runs', 'refuses keys and hashes that are none, and keeps what it refused in its own words', async () => {
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
    const canonical = '{"args":{"target":"/mnt/backup"},"job_id":"backup/daily"}';
    const send = (headers: Record<string, string>): Promise<unknown> => problem('POST', '/runs', CREATE, headers);
    expect(await send({ 'idempotency-key': 'short' })).toMatchObject({ title: 'invalid Idempotency-Key header', status: 400 });
    expect(await send({ ...key(), 'idempotency-sha256': 'xyz' })).toMatchObject({
      title: 'invalid Idempotency-SHA256 header',
      status: 400,
    });
    expect(await send({ ...key(), 'idempotency-sha256': sha256('else') })).toMatchObject({
      title: 'idempotency hash mismatch',
      status: 409,
      type: `${TYPES}idempotency-key-conflict`,
      incoming_sha256: sha256('else'),
      computed_sha256: sha256(canonical),
    });
    expect((await flwd.send('POST', '/runs', CREATE, { ...key(), 'idempotency-sha256': sha256(canonical) })).status).toBe(201);
    const headers = key();
    const refused = await problem('POST', '/runs', { job_id: 'no/such' }, headers);
    expect(refused).toMatchObject({ title: 'job not found', status: 404 });
    expect(await problem('POST', '/runs', { job_id: 'no/such' }, headers)).toEqual(refused);
  });

  row('POST /runs', 'the problems of a plan, and of scopes', async () => {
    const run = (body: object): Promise<unknown> => problem('POST', '/runs', body, key());
    expect(await run({ args: {} })).toMatchObject({ title: 'job_id is required', status: 400 });
    expect(await run({ job_id: 'backup/daily', args: {} })).toMatchObject({
      title: 'argument validation failed',
      errors: [{ arg: 'target' }],
    });
    const nobody = await flwd.withKey(undefined).send('POST', '/runs', CREATE, key());
    expect(nobody).toMatchObject({ status: 401, body: { title: 'unauthorized' } });
    expect(nobody.headers.get('www-authenticate')).toContain('Bearer');
    const { key: viewer } = await server.createKey({ role: 'viewer' });
    expect(await flwd.withKey(viewer).send('POST', '/runs', CREATE, key())).toMatchObject({ status: 403, body: { title: 'forbidden' } });
  });

  row('GET /runs', 'an array, newest first, in pages', async () => {
    const [first, second] = [await start(CREATE), await start({ job_id: 'ops/broken' })];
    await ended(second.id);
    const runs = await flwd.get<Run[]>('/runs?per_page=2');
    expect(runs.map(({ id }) => id)).toEqual([second.id, first.id]);
    expect(runs[0]).toMatchObject({ status: 'failed', provenance: { canonical_id: 'ops/broken' } });
    expect(await flwd.get('/runs?per_page=1&page=2')).toMatchObject([{ id: first.id }]);
    expect(await problem('GET', '/runs?page=10000&per_page=200')).toMatchObject({ title: 'invalid pagination' });
  });

  row('GET /runs/{id}', 'without the security profile; 404 for what is none', async () => {
    const { id } = await start(CREATE);
    const run = await ended(id);
    expectShape(run, {
      id: 'run_01HX',
      job_id: 'backup/daily',
      status: 'completed',
      started_at: '',
      finished_at: '',
      result: { resolved_args: {} },
      executor: 'proc',
      provenance: { source: { type: 'local', name: '', ref: '', resolved_ref: '' }, canonical_id: '', canonical_path: '' },
    });
    expect(run).not.toHaveProperty('security_profile');
    for (const none of ['run-1732', randomUUID()])
      expect(await problem('GET', `/runs/${none}`)).toMatchObject({ title: 'run not found', status: 404 });
  });

  row('POST /runs/{id}:cancel', '202 and canceled, 200 when it is over', async () => {
    const { id } = await start({ job_id: 'ops/slow' });
    expect(await flwd.post(`/runs/${id}:cancel`, undefined, 202)).toMatchObject({ id, status: 'canceled' });
    expect(await ended(id)).toMatchObject({ status: 'canceled' });
    expect(await flwd.post(`/runs/${id}:cancel`, undefined, 200)).toMatchObject({ id, status: 'canceled' });
    expect(await problem('POST', '/runs/run-1732:cancel')).toMatchObject({ title: 'run not found', status: 404 });
  });

  row('GET /runs/{id}/events', 'the prelude, and events in their order with numbers as ids', async () => {
    const { id } = await start(CREATE);
    const response = await flwd.open('GET', `/runs/${id}/events`);
    expect(await response.text()).toMatch(/^retry: 2000\n\n:connected\n\nid: \d+\nevent: run\.start\n/);
    const messages = await flwd.events(`/runs/${id}/events`);
    expect(messages.map(({ event }) => event)).toEqual([
      'run.start',
      'step.start',
      'step.log',
      'step.log',
      'step.finish',
      'step.start',
      'step.log',
      'step.finish',
      'run.finish',
    ]);
    expectShape(messages[0]?.data, { run_id: '', job_id: '', started_at: '', executor: '', provenance: {}, status: '' });
    const logs = messages
      .filter(({ event }) => event === 'step.log')
      .map(({ data: { step, channel, message } }) => ({ step, channel, message }));
    expect(logs).toHaveLength(3);
    for (const line of [
      { step: 'dump', channel: 'stderr', message: 'slowly' },
      { step: 'dump', channel: 'stdout', message: 'dumping /mnt/backup' },
      { step: 'pack', channel: 'stdout', message: 'packed' },
    ])
      expect(logs).toContainEqual(line);
    expect(messages.find(({ event }) => event === 'step.finish')?.data).toMatchObject({ step: 'dump', status: 'completed', exit_code: 0 });
    expect(messages.at(-1)?.data).toMatchObject({ status: 'completed', finished_at: TEXT });
    const last = messages.at(-2)?.id ?? '';
    for (const rest of [
      await flwd.events(`/runs/${id}/events?last_event_id=${last}`),
      await flwd.events(`/runs/${id}/events`, undefined, { 'last-event-id': last }),
    ])
      expect(rest.map(({ event }) => event)).toEqual(['run.finish']);
    expect(await problem('GET', `/runs/${id}/events?last_event_id=x`)).toMatchObject({ status: 400 });
  });

  row('GET /runs/{id}/events', 'failures and cancels', async () => {
    const broken = await start({ job_id: 'ops/broken' });
    const messages = await flwd.events(`/runs/${broken.id}/events`);
    expect(messages.find(({ event }) => event === 'step.finish')?.data).toMatchObject({
      status: 'failed',
      exit_code: 3,
      error: TEXT,
    });
    expect(messages.at(-1)).toMatchObject({ event: 'run.finish', data: { status: 'failed', error: TEXT } });
    const slow = await start({ job_id: 'ops/slow' });
    const followed = flwd.events(`/runs/${slow.id}/events`);
    await flwd.post(`/runs/${slow.id}:cancel`, undefined, 202);
    expect((await followed).at(-1)).toMatchObject({ event: 'run.canceled', data: { status: 'canceled' } });
  });

  row('GET /runs/{id}/events.ndjson', 'all there are, a line each', async () => {
    const { id } = await start(CREATE);
    await ended(id);
    const { headers, body } = await flwd.send('GET', `/runs/${id}/events.ndjson`);
    expect(headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (typeof body === 'string' ? body : '')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expectShape(lines[0], { sequence: 1, timestamp: '', event: '', data: { run_id: '' } });
    const streamed = await flwd.events(`/runs/${id}/events`);
    expect(lines.map(({ sequence, event, data }) => ({ id: String(sequence), event, data }))).toEqual(
      streamed.map(({ id: number, event, data }) => ({ id: number, event, data })),
    );
  });

  row('GET /events', 'of all runs as they happen, or of one', async () => {
    const over = (messages: readonly SseMessage[]): boolean => messages.some(({ event }) => event === 'run.finish');
    const { id: past } = await start(CREATE);
    await ended(past);
    const before = await flwd.events('/events', over, { 'last-event-id': '0' });
    const position = before.at(-1)?.id ?? '';
    const [messages] = await Promise.all([flwd.events(`/events?last_event_id=${position}`, over), start(CREATE)]);
    expect(messages.at(-1)?.data).toMatchObject({ run_id: SOME_RUN, job_id: 'backup/daily', status: 'completed' });
    const ofOne = await flwd.events(`/events?run_id=${past}`, over, { 'last-event-id': '0' });
    expect(new Set(ofOne.map(({ data }) => data['run_id']))).toEqual(new Set([past]));
    expect(await problem('GET', '/events?last_event_id=!')).toMatchObject({ status: 400 });
    expect(await problem('GET', '/events?run_id=run-1')).toMatchObject({ title: 'run not found' });
  });

  row('GET /sources', 'the directories that are mounted', async () => {
    expect(await flwd.get('/sources')).toEqual([
      {
        name: 'local-fs',
        type: 'local',
        ref: join(root, 'jobs'),
        resolved_ref: join(root, 'jobs'),
        trusted: true,
        pull_policy: 'always',
        expose: 'read',
        aliases: [],
        metadata: { files: 4, jobs: 3, errors: 1 },
      },
    ]);
  });

  row('GET /sources/{name}', 'one of them', async () => {
    expect(await flwd.get('/sources/local-fs')).toMatchObject({ name: 'local-fs', type: 'local' });
    expect(await problem('GET', '/sources/none')).toMatchObject({ title: 'source not found', status: 404 });
  });

  row('POST /sources', 'answers a source that is there as it is asked for', async () => {
    for (const body of [
      { type: 'local', name: 'local-fs', ref: join(root, 'jobs') },
      { type: 'fs', name: 'local-fs', path: join(root, 'jobs') },
    ])
      expect(await flwd.post('/sources', body, 200)).toMatchObject({ name: 'local-fs' });
  });

  row('PUT /kv/{namespace}/{key}', 'keeps a value of up to 8 KiB in base64', async () => {
    const put = (path: string, value: unknown): Promise<{ status: number; body: unknown }> => flwd.send('PUT', `/kv/${path}`, { value });
    expect((await put('core_triggers/nightly/last', 'aGVsbG8=')).status).toBe(204);
    expect(await put('core_triggers/k', 'no base64')).toMatchObject({ status: 400, body: { title: 'value must be base64' } });
    expect(await put('core_triggers/k', Buffer.alloc(8193).toString('base64'))).toMatchObject({
      status: 400,
      body: { title: 'value exceeds maximum length' },
    });
    expect(await put(`core_triggers/${'k'.repeat(257)}`, '')).toMatchObject({ status: 400, body: { title: 'key exceeds maximum length' } });
    expect(await put('mine/k', '')).toMatchObject({
      status: 403,
      body: { title: 'namespace forbidden', type: `${TYPES}namespace-forbidden` },
    });
    const { key: viewer } = await server.createKey({ role: 'viewer' });
    expect((await flwd.withKey(viewer).send('PUT', '/kv/core_triggers/k', { value: '' })).status).toBe(403);
  });

  row('GET /kv/{namespace}/{key}', 'the value and when it was written', async () => {
    await flwd.send('PUT', '/kv/core_invocation_state/a/b', { value: 'aGVsbG8=' });
    expect(await flwd.get('/kv/core_invocation_state/a/b')).toEqual({ key: 'a/b', value: 'aGVsbG8=', timestamp: TEXT });
    expect(await problem('GET', '/kv/core_invocation_state/none')).toMatchObject({ title: 'key not found', status: 404 });
    const { key: stranger } = await server.createKey({ role: 'admin', tenant: 'stranger' });
    expect((await flwd.withKey(stranger).send('GET', '/kv/core_invocation_state/a/b')).status).toBe(404);
  });

  row('DELETE /kv/{namespace}/{key}', 'no content, then 404', async () => {
    await flwd.send('PUT', '/kv/core_triggers/gone', { value: '' });
    expect((await flwd.send('DELETE', '/kv/core_triggers/gone')).status).toBe(204);
    expect(await problem('DELETE', '/kv/core_triggers/gone')).toMatchObject({ title: 'key not found', status: 404 });
  });

  row('GET /kv/{namespace}', 'entries by their keys, of a prefix, in pages', async () => {
    for (const name of ['p/2', 'p/1', 'q']) await flwd.send('PUT', `/kv/core_triggers/list/${name}`, { value: '' });
    const list = (query: string): Promise<{ items: { key: string }[]; nextCursor?: string }> => flwd.get(`/kv/core_triggers?${query}`);
    const { items, nextCursor } = await list('prefix=list/&limit=2');
    expect(items.map((item) => item.key)).toEqual(['list/p/1', 'list/p/2']);
    const rest = await list(`prefix=list/&cursor=${nextCursor}`);
    expect(rest).toEqual({ items: [{ key: 'list/q', value: '', timestamp: TEXT }] });
  });

  row('GET /metrics', 'the build, the profile and the sources, as Prometheus reads them', async () => {
    const { status, headers, body } = await flwd.withKey(undefined).send('GET', '/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/plain');
    expect(body).toMatch(/^flwd_build_info\{version="[^"]+"\} 1$/m);
    expect(body).toMatch(/^flwd_security_profile\{profile="disabled"\} 1$/m);
  });

  row('errors', 'small titles at the root, also for what is nowhere below it; the page’s form elsewhere', async () => {
    expect(await problem('PATCH', '/runs')).toMatchObject({ title: 'method not allowed', status: 405 });
    expect(await problem('GET', '/jobs/backup/daily/more')).toMatchObject({ title: 'not found', status: 404 });
    expect(await problem('GET', '/nowhere')).toMatchObject({ title: 'Not Found', type: 'https://flowd.org/problems/not-found' });
  });

  deviation(
    'POST /runs',
    'an Idempotency-Key may be left out',
    'the examples of flwd’s own guide send none; with a key a reply is kept for 24 hours and for the tenant, and a conflict does not tell hashes',
    async () => {
      expect((await flwd.send('POST', '/runs', CREATE)).status).toBe(201);
    },
  );

  deviation(
    'POST /runs',
    'the security profiles secure and permissive are refused',
    'processes are not confined, and a profile that is not enforced must not seem to be',
    async () => {
      for (const requested_security_profile of ['secure', 'permissive', 'strange'])
        expect(await problem('POST', '/runs', { ...CREATE, requested_security_profile }, key())).toMatchObject({
          title: 'invalid security profile',
          status: 422,
          code: 'E_POLICY',
        });
      expect((await flwd.send('POST', '/runs', { ...CREATE, requested_security_profile: 'disabled' }, key())).status).toBe(201);
    },
  );

  deviation(
    'POST /sources',
    'sources are neither added nor changed',
    'their scripts run as the server’s user, so that only the operator adds one, by HEDDLE_WORKFLOWS_DIR',
    async () => {
      for (const body of [
        { type: 'git', name: 'tools', url: 'https://git.example.com/tools', ref: 'main' },
        { type: 'local', name: 'etc', ref: '/etc' },
      ])
        expect(await problem('POST', '/sources', body)).toMatchObject({ title: 'not implemented', status: 501 });
      const { key: viewer } = await server.createKey({ role: 'viewer' });
      expect((await flwd.withKey(viewer).send('POST', '/sources', {})).status).toBe(403);
    },
  );

  deviation('DELETE /sources/{name}', 'sources are not removed', 'only the operator adds and removes them', async () => {
    expect(await problem('DELETE', '/sources/local-fs')).toMatchObject({ title: 'not implemented', status: 501 });
    expect(await problem('DELETE', '/sources/none')).toMatchObject({ title: 'source not found', status: 404 });
  });

  deviation(
    'GET /runs/{id}/events',
    'the stream ends with the run, and there is none of an unknown run',
    'a stream that can say nothing more costs a connection for nothing, and a run that is not there never comes',
    async () => {
      expect(await problem('GET', '/runs/run-1732/events')).toMatchObject({ title: 'run not found', status: 404 });
    },
  );

  deviation(
    'GET /events',
    'ids are opaque, and no event is too old to go on after',
    'events of several runs have no common number that is known before they are committed, and all of them are kept',
    async () => {
      const first = await flwd.events('/events', (messages) => messages.length > 0, { 'last-event-id': '0' });
      expect(first[0]?.event).toBe('run.start');
    },
  );

  deviation(
    'GET /health/storage',
    'there are no limits of bytes, shown as 0',
    'the database has those of its disk, and retention is by time',
    async () => {
      expect(await flwd.get('/health/storage')).toMatchObject({ max_bytes: 0, journal_max_bytes: 0, eviction_active: false });
    },
  );

  deviation(
    'GET /metrics',
    'what flwd counts of requests, storage, streams and containers is not there',
    'this server does not count them yet, and a zero would be a lie',
    async () => {
      expect((await flwd.send('GET', '/metrics')).body).not.toContain('flowd_sse');
    },
  );
});
