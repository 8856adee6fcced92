import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ArtifactRef, RunEngine } from '../../src/engine/index.js';
import { ArtifactSweep } from '../../src/modules/artifacts/artifact-sweep.js';
import { RunArtifacts } from '../../src/modules/artifacts/index.js';
import { S3Server } from '../../src/modules/artifacts/testing/s3-server.js';
import { type ApiClient, startApp, type TestApp } from '../support/index.js';
import { eventually, type RunBody, runToEnd, storeWorkflow } from '../support/runs.js';

interface ArtifactBody {
  readonly id: string;
  readonly run_id: string;
  readonly step: string | null;
  readonly kind: string;
  readonly name: string;
  readonly media_type: string;
  readonly size: number;
  readonly sha256: string;
}
interface PageBody {
  readonly data: ArtifactBody[];
  readonly next_cursor: string | null;
}

/** Node has it only when asked for by a flag. */
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const SIXTEEN_MB = 16 * 1024 * 1024;

let app: TestApp;
let api: ApiClient;
/** A run that waits, leased by this process, in whose name files are stored as its steps would. */
let run: string;

beforeAll(async () => {
  app = await startApp({ env: { HEDDLE_MAX_INLINE_OUTPUT: '20000' } });
  ({ api } = app);
  await waiting('artifacts/waits');
  run = await start('artifacts/waits');
  await storeWorkflow(api, {
    name: 'artifacts/large',
    inputs: { type: 'object', properties: { text: { type: 'string' } } },
    nodes: [
      { id: 'make', type: 'transform.set', config: { values: { text: '{{ inputs.text }}' } } },
      { id: 'measure', type: 'transform.set', needs: ['make'], config: { values: { length: '{{ nodes.make.output.text.size() }}' } } },
    ],
    outputs: { all: '{{ nodes.make.output }}', length: '{{ nodes.measure.output.length }}' },
  });
});
afterAll(() => app.close());

async function waiting(name: string): Promise<void> {
  await storeWorkflow(api, { name, nodes: [{ id: 'build', type: 'control.wait', config: { name: 'go' } }] });
}

async function start(workflow: string, on: ApiClient = api): Promise<string> {
  return (await on.post<RunBody>(`/workflows/${encodeURIComponent(workflow)}/runs`, {})).body.id;
}

/** Stores a file as a step of the run would, through the engine's port. */
async function keep(
  name: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  more: Partial<{ runId: string; step: string; mediaType: string; on: TestApp; tenant: string }> = {},
): Promise<ArtifactRef> {
  const { runId = run, step = 'build', on = app, tenant = 'default', mediaType } = more;
  const [lease] = await on.app
    .get(DataSource)
    .query<{ epoch: number }[]>(
      `UPDATE live_runs SET state = 'leased', owner = 'test', lease_until = now() + interval '1 hour', epoch = epoch + 1 WHERE run_id = $1 RETURNING epoch`,
      [runId],
    )
    .then(([rows]) => rows as unknown as { epoch: number }[]);
  const body =
    Symbol.asyncIterator in content
      ? content
      : (async function* () {
          yield content;
        })();
  return await on.app.get(RunArtifacts).store({
    name,
    body,
    tenant,
    runId,
    step,
    epoch: lease?.epoch ?? 0,
    signal: new AbortController().signal,
    ...(mediaType === undefined ? {} : { mediaType }),
  });
}

async function download(
  id: string,
  headers: Record<string, string> = {},
  method = 'GET',
  on: ApiClient = api,
): Promise<{ status: number; headers: Headers; body: Buffer }> {
  const response = await on.open(method, `/artifacts/${id}`, undefined, { headers });
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
}

describe('a file', () => {
  const content = randomBytes(600_000);
  let file: ArtifactRef;

  beforeAll(async () => {
    file = await keep('out/réport "1".html', content, { mediaType: 'text/html; charset=utf-8' });
  });

  it('is described', async () => {
    expect(file).toMatchObject({
      name: 'out/réport "1".html',
      size: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    });
    const { body } = await api.get<ArtifactBody>(`/artifacts/${file.id}/metadata`);
    expect(body).toMatchObject({ ...file, run_id: run, step: 'build', kind: 'file' });
    expect((await api.get<PageBody>('/artifacts', { query: { run_id: run, step: 'build' } })).body.data).toContainEqual(body);
    expect((await api.get<PageBody>(`/runs/${run}/artifacts`)).body.data).toContainEqual(body);
    expect((await api.get<PageBody>('/artifacts', { query: { step: 'other' } })).body.data).toEqual([]);
  });

  it('is downloaded under its media type and name, and nothing in it is run', async () => {
    const { status, headers, body } = await download(file.id);
    expect(status).toBe(200);
    expect(body.equals(content)).toBe(true);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(content.length),
      'content-disposition': `attachment; filename="r?port \\"1\\".html"; filename*=UTF-8''r%C3%A9port%20%221%22.html`,
      etag: `"${file.sha256}"`,
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox') as string,
    });
  });

  it('is downloaded in part', async () => {
    const parts: [string, number, number][] = [
      ['bytes=0-0', 0, 0],
      ['bytes=262143-262145', 262_143, 262_145],
      ['bytes=599000-', 599_000, 599_999],
      ['bytes=-1000', 599_000, 599_999],
      ['bytes=-9000000', 0, 599_999],
      ['bytes=599999-9000000', 599_999, 599_999],
    ];
    for (const [range, from, to] of parts) {
      const { status, headers, body } = await download(file.id, { range });
      expect([range, status, headers.get('content-range')]).toEqual([range, 206, `bytes ${from}-${to}/600000`]);
      expect([range, body.equals(content.subarray(from, to + 1))]).toEqual([range, true]);
    }
    const none = await download(file.id, { range: 'bytes=600000-' });
    expect([none.status, none.headers.get('content-range'), none.headers.get('content-type')]).toEqual([
      416,
      'bytes */600000',
      'application/problem+json',
    ]);
    expect((await download(file.id, { range: 'bytes=-0' })).status).toBe(416);
    for (const range of ['bytes=0-1,5-6', 'lines=1-2', 'bytes=x', 'bytes=5-4', 'bytes=-'])
      expect([range, (await download(file.id, { range })).status]).toEqual([range, 200]);
  });

  it('is sent only to who does not have it', async () => {
    const tag = `"${file.sha256}"`;
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const { status, body, headers } = await download(file.id, { 'if-none-match': known });
      expect([status, body.length, headers.get('etag')]).toEqual([304, 0, tag]);
    }
    expect((await download(file.id, { 'if-none-match': '"other"' })).status).toBe(200);
    expect((await download(file.id, { range: 'bytes=0-1', 'if-range': tag })).status).toBe(206);
    expect((await download(file.id, { range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200);
  });

  it('tells its size when asked for the head alone', async () => {
    const { status, headers, body } = await download(file.id, { range: 'bytes=0-1' }, 'HEAD');
    expect([status, headers.get('content-length'), headers.get('etag'), body.length]).toEqual([200, '600000', `"${file.sha256}"`, 0]);
  });

  it('may be empty', async () => {
    const empty = await keep('empty.txt', new Uint8Array());
    const { status, headers, body } = await download(empty.id);
    expect([status, headers.get('content-type'), headers.get('content-length'), body.length]).toEqual([200, 'text/plain', '0', 0]);
    expect((await download(empty.id, { range: 'bytes=0-' })).status).toBe(416);
  });

  it('is replaced when its step stores it again, under the same id', async () => {
    const first = await keep('twice.bin', Buffer.from('first'));
    const second = await keep('twice.bin', Buffer.from('second!'));
    expect(second.id).toBe(first.id);
    expect((await download(first.id)).body.toString()).toBe('second!');
    const elsewhere = await keep('twice.bin', Buffer.from('x'), { step: 'other' });
    expect(elsewhere.id).not.toBe(first.id);
  });

  it('is refused from who lost the lease, too large, or without a name', async () => {
    const signal = new AbortController().signal;
    const store = (more: object): Promise<ArtifactRef> => {
      const body = (async function* () {
        yield Buffer.from('x');
      })();
      return app.app.get(RunArtifacts).store({ name: 'a', body, tenant: 'default', runId: run, step: 'build', epoch: 0, signal, ...more });
    };
    await expect(store({})).rejects.toMatchObject({ code: 'lease_lost' });
    for (const name of ['', 'a\nb', '\ud800', 'x'.repeat(1_025)])
      await expect(store({ name })).rejects.toMatchObject({ code: 'artifact_invalid' });
    expect((await api.get<PageBody>(`/runs/${run}/artifacts`)).body.data.map(({ name }) => name)).not.toContain('a');
  });

  it('is unknown to other tenants, and where there is none', async () => {
    const { api: stranger } = await app.createKey({ tenant: 'stranger' });
    expect((await download(file.id, {}, 'GET', stranger)).status).toBe(404);
    expect((await stranger.get(`/artifacts/${file.id}/metadata`)).status).toBe(404);
    expect((await stranger.get(`/runs/${run}/artifacts`)).status).toBe(404);
    expect((await stranger.get<PageBody>('/artifacts')).body.data).toEqual([]);
    expect((await api.get(`/runs/${uuidv7()}/artifacts`)).status).toBe(404);
    expect((await download(uuidv7())).status).toBe(404);
    expect((await download('nonsense')).status).toBe(404);
  });

  it('is listed newest first, page by page', async () => {
    await waiting('artifacts/pages');
    const runId = await start('artifacts/pages');
    for (const name of ['a', 'b', 'c']) await keep(name, Buffer.from(name), { runId });
    const first = await api.get<PageBody>(`/runs/${runId}/artifacts`, { query: { limit: 2 } });
    expect(first.body.data.map(({ name }) => name)).toEqual(['c', 'b']);
    const rest = await api.get<PageBody>(`/runs/${runId}/artifacts`, { query: { limit: 2, cursor: first.body.next_cursor ?? '' } });
    expect(rest.body).toMatchObject({ data: [{ name: 'a' }], next_cursor: null });
    expect((await api.get('/artifacts', { query: { cursor: 'x' } })).status).toBe(400);
    expect((await api.get('/artifacts', { query: { run_id: 'x' } })).status).toBe(422);
  });
});

describe('a large output', () => {
  const text = 'x'.repeat(50_000);

  it('is kept outside of the journal, and shown in its place', async () => {
    const ended = await runToEnd(api, 'artifacts/large', { inputs: { text } });
    expect(ended.outputs).toEqual({ all: { text }, length: text.length });
    expect((await api.get<RunBody>(`/runs/${ended.id}`)).body.outputs).toEqual(ended.outputs);
    const steps = await api.get<{ data: { path: string; output: unknown }[] }>(`/runs/${ended.id}/steps`);
    expect(steps.body.data.find(({ path }) => path === 'make')?.output).toEqual({ text });
    const events = await api.get<{ data: { type: string; data: Record<string, unknown> }[] }>(`/runs/${ended.id}/events`);
    const refs = events.body.data.flatMap(({ data }) => (data['output_ref'] === undefined ? [] : [data['output_ref'] as ArtifactRef]));
    expect(refs).toHaveLength(2);
    expect(JSON.stringify(events.body).length).toBeLessThan(80_000);
    const file = await download(refs[0]?.id ?? '');
    expect([file.status, file.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(JSON.parse(file.body.toString())).toEqual({ text });
    expect(createHash('sha256').update(file.body).digest('hex')).toBe(refs[0]?.sha256);
    expect((await api.get<PageBody>(`/runs/${ended.id}/artifacts`)).body.data).toEqual([]);
  });

  it('goes with its run', async () => {
    const { id } = await runToEnd(api, 'artifacts/large', { inputs: { text } });
    const events = await api.get<{ data: { data: { output_ref?: { id: string } } }[] }>(`/runs/${id}/events`);
    const ref = events.body.data.flatMap(({ data }) => data.output_ref ?? [])[0]?.id ?? '';
    expect((await download(ref)).status).toBe(200);
    const deleted = await eventually(
      () => api.delete(`/runs/${id}`),
      ({ status }) => status !== 409,
    );
    expect(deleted.status).toBe(204);
    expect((await download(ref)).status).toBe(404);
  });

  it('is there when its run is resumed, and stays when the old run is deleted', async () => {
    const old = await runToEnd(api, 'artifacts/large', { inputs: { text } });
    const { body: resumed } = await api.post<RunBody>(`/runs/${old.id}/resume`, { from_step: 'measure' });
    expect(resumed.id).not.toBe(old.id);
    await eventually(
      async () => (await api.get<RunBody>(`/runs/${resumed.id}`)).body,
      ({ status }) => status === 'success',
    );
    await app.app.get(DataSource).query('DELETE FROM artifacts WHERE run_id = $1', [old.id]);
    const steps = await api.get<{ data: { path: string; output: unknown }[] }>(`/runs/${resumed.id}/steps`);
    expect(steps.body.data.find(({ path }) => path === 'make')?.output).toEqual({ text });
    // What is left of the old run is still shown.
    expect((await api.get<RunBody>(`/runs/${old.id}`)).body).toMatchObject({ status: 'success', outputs: null });
    expect(await api.post(`/runs/${old.id}/resume`, { from_step: 'measure' })).toMatchObject({
      status: 409,
      body: { code: 'output_missing' },
    });
  });
});

describe('the sweep', () => {
  const contents = async (): Promise<{ contents: number; chunks: number }> => {
    const [row] = await app.app
      .get(DataSource)
      .query<{ contents: number; chunks: number }[]>(
        'SELECT (SELECT count(*)::int FROM artifact_contents) AS contents, (SELECT count(*)::int FROM artifact_chunks) AS chunks',
      );
    return row as { contents: number; chunks: number };
  };

  it('deletes what was replaced, given up or left by runs that are gone, and nothing else', async () => {
    const sweep = app.app.get(ArtifactSweep);
    await sweep.sweep(0);
    const before = await contents();
    const kept = await keep('swept.bin', Buffer.from('old'));
    await keep('swept.bin', Buffer.from('new'));
    await expect(
      keep(
        'broken.bin',
        (async function* () {
          yield randomBytes(300_000);
          throw new Error('broke');
        })(),
      ),
    ).rejects.toMatchObject({ code: 'artifact_storage_failed' });
    const orphan = { id: uuidv7(), size: 1, sha256: createHash('sha256').update('1').digest('hex') };
    await app.app.get(RunArtifacts).storeOutput({ tenant: 'default', runId: uuidv7(), epoch: null, step: 'a', ref: orphan, json: '1' });
    expect((await contents()).contents).toBe(before.contents + 4);
    await sweep.sweep(3_600_000);
    expect((await contents()).contents).toBe(before.contents + 4);
    await after(5);
    await sweep.sweep(0);
    expect(await contents()).toEqual({ contents: before.contents + 1, chunks: before.chunks + 1 });
    expect((await download(kept.id)).body.toString()).toBe('new');
    await expect(app.app.get(RunArtifacts).loadOutput({ tenant: 'default', ref: orphan })).rejects.toMatchObject({
      code: 'output_missing',
    });
  });
});

describe('in a directory', () => {
  it('files are kept, expire after the days that are set, and outputs stay', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'heddle-artifacts-'));
    const other = await startApp({
      env: { HEDDLE_ARTIFACTS: directory, HEDDLE_ARTIFACT_RETENTION: '7', HEDDLE_MAX_INLINE_OUTPUT: '20000' },
    });
    try {
      await storeWorkflow(other.api, { name: 'a/b', nodes: [{ id: 'build', type: 'control.wait', config: { name: 'go' } }] });
      const runId = await start('a/b', other.api);
      const file = await keep('a.txt', Buffer.from('hello'), { runId, on: other });
      await storeWorkflow(other.api, {
        name: 'a/c',
        nodes: [{ id: 'a', type: 'transform.set', config: { values: { text: '{{ inputs.text }}' } } }],
        outputs: '{{ nodes.a.output.text.size() }}',
      });
      const { id } = await runToEnd(other.api, 'a/c', { inputs: { text: 'x'.repeat(30_000) } });
      expect((await download(file.id, {}, 'GET', other.api)).body.toString()).toBe('hello');
      expect(files(directory)).toHaveLength(2);
      const database = other.app.get(DataSource);
      const sweep = other.app.get(ArtifactSweep);
      await database.query(`UPDATE artifacts SET created_at = now() - interval '8 days'`);
      await sweep.sweep(0);
      expect(files(directory)).toHaveLength(2);
      await database.query(`UPDATE runs SET status = 'success', finished_at = now() - interval '8 days'`);
      await sweep.sweep(0);
      await after(5);
      await sweep.sweep(0);
      expect(files(directory)).toHaveLength(1);
      expect((await download(file.id, {}, 'GET', other.api)).status).toBe(404);
      const steps = await other.api.get<{ data: { output: { text: string } }[] }>(`/runs/${id}/steps`);
      expect(steps.body.data[0]?.output.text).toHaveLength(30_000);
    } finally {
      await other.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('a file of 200 MB goes in and out with little of it in memory, and a reader that goes away ends the reading', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'heddle-artifacts-'));
    const other = await startApp({ env: { HEDDLE_ARTIFACTS: directory } });
    try {
      await storeWorkflow(other.api, { name: 'a/b', nodes: [{ id: 'build', type: 'control.wait', config: { name: 'go' } }] });
      const runId = await start('a/b', other.api);
      const block = randomBytes(1024 * 1024);
      // What is held, not what waits to be collected.
      const memory = (): number => {
        collectGarbage();
        return process.memoryUsage().external + process.memoryUsage().heapUsed;
      };
      const before = memory();
      let peak = 0;
      const body = async function* (): AsyncGenerator<Uint8Array> {
        for (let i = 0; i < 200; i += 1) {
          if (i % 20 === 10) peak = Math.max(peak, memory() - before);
          yield block;
        }
      };
      const file = await keep('large.bin', body(), { runId, on: other });
      expect(file.size).toBe(200 * 1024 * 1024);
      const response = await other.api.open('GET', `/artifacts/${file.id}`);
      let size = 0;
      for await (const chunk of response.body ?? []) {
        const sixteenths = Math.floor(size / SIXTEEN_MB);
        size += (chunk as Uint8Array).length;
        if (Math.floor(size / SIXTEEN_MB) > sixteenths) peak = Math.max(peak, memory() - before);
      }
      expect(size).toBe(file.size);
      expect(peak).toBeLessThan(100 * 1024 * 1024);
      const leaving = await other.api.open('GET', `/artifacts/${file.id}`);
      await leaving.body?.cancel();
      expect((await download(file.id, { range: 'bytes=-5' }, 'GET', other.api)).body).toHaveLength(5);
    } finally {
      await other.close();
      rmSync(directory, { recursive: true, force: true });
    }
  }, 240_000);
});

describe('in S3', () => {
  it('files and large outputs are kept, and a storage that is away is told so', async () => {
    const server = await S3Server.start();
    const { bucket, prefix, endpoint, region, accessKeyId, secretAccessKey } = server.config;
    const other = await startApp({
      env: {
        HEDDLE_ARTIFACTS: `s3://${bucket}/${prefix}`,
        HEDDLE_S3_ENDPOINT: endpoint,
        HEDDLE_S3_REGION: region,
        HEDDLE_S3_ACCESS_KEY_ID: accessKeyId,
        HEDDLE_S3_SECRET_ACCESS_KEY: secretAccessKey,
        HEDDLE_MAX_INLINE_OUTPUT: '20000',
      },
    });
    try {
      await storeWorkflow(other.api, { name: 'a/b', nodes: [{ id: 'build', type: 'control.wait', config: { name: 'go' } }] });
      const file = await keep('a.txt', Buffer.from('hello'), { runId: await start('a/b', other.api), on: other });
      expect((await download(file.id, { range: 'bytes=1-2' }, 'GET', other.api)).body.toString()).toBe('el');
      await storeWorkflow(other.api, {
        name: 'a/c',
        nodes: [{ id: 'a', type: 'transform.set', config: { values: { text: '{{ inputs.text }}' } } }],
        outputs: '{{ nodes.a.output.text.size() }}',
      });
      expect((await runToEnd(other.api, 'a/c', { inputs: { text: 'x'.repeat(30_000) } })).outputs).toBe(30_000);
      expect(server.objects.size).toBe(2);
      server.objects.clear();
      expect((await download(file.id, {}, 'GET', other.api)).status).toBe(503);
      expect(other.app.get(RunEngine).held).toBeGreaterThanOrEqual(0);
    } finally {
      await other.close();
      await server.close();
    }
  });
});

function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}
