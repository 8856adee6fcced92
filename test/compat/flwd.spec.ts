import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually } from '../support/runs.js';
import { entrancesOf } from './support/entrances.js';
import { DialectClient } from './support/http.js';
import { deviation, row } from './support/rows.js';
import { expectShape } from './support/shape.js';

interface Run {
  run_id: string;
  job_id: string;
  status: string;
  finished_at: string | null;
  result: { value: unknown } | null;
}

const RUN_ID = /^run_[0-9A-HJKMNP-TV-Z]{26}$/;
const JOB = {
  id: 'backup/daily',
  name: 'daily',
  namespace: 'backup',
  version: '1.0.0',
  description: 'Daily backup job',
  source: 'local-fs',
};
/** The request as the page prints it. */
const CREATE_RUN = { job_id: 'backup/daily', args: { target: '/mnt/backup' }, tenant: 'default', async: true };

let root: string;
let server: TestApp;

async function put(file: string, text: string): Promise<void> {
  const path = join(root, 'jobs', file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'heddle-flwd-'));
  await put(
    'backup/daily/config.yaml',
    `name: daily
description: Daily backup job
version: 1.0.0
argspec:
  type: object
  properties:
    target: { type: string, description: Backup target directory }
  required: [target]
command: . ./run.sh
`,
  );
  await put(
    'backup/daily/run.sh',
    `echo "Starting backup..."
echo "$target" | gzip > "$HEDDLE_ARTIFACTS/backup.tar.gz"
echo '{"files_backed_up": 1234, "total_size_mb": 5678}' > "$HEDDLE_RESULT"
echo "Backup complete"
`,
  );
  await put('ops/broken/config.yaml', 'name: broken\ncommand: echo no >&2; exit 3\n');
  await put('ops/slow/config.yaml', 'name: slow\ncommand: echo on its way; sleep 300\n');
  server = await startApp({
    env: { HEDDLE_WORKFLOWS_DIR: `local-fs=${join(root, 'jobs')}`, HEDDLE_COMPAT_PORTS: 'flwd=0', HEDDLE_ANONYMOUS_ROLE: 'viewer' },
  });
});
afterAll(async () => {
  await server?.close();
  rmSync(root, { recursive: true, force: true });
});

describe.each(entrancesOf('flwd'))('flwd %s', (_where, urlOf) => {
  let flwd: DialectClient;

  beforeAll(() => {
    flwd = new DialectClient(urlOf(server), server.adminKey);
  });

  const backup = (): Promise<Run> => flwd.post<Run>('/api/v1/runs', { ...CREATE_RUN, async: false }, 201);
  const startSlow = (): Promise<Run> => flwd.post<Run>('/api/v1/runs', { job_id: 'ops/slow', async: true }, 202);
  const read = (id: string): Promise<Run> => flwd.get<Run>(`/api/v1/runs/${id}`);

  row('GET /api/v1/jobs', 'all jobs of all sources', async () => {
    const answer = await flwd.get<{ jobs: object[] }>('/api/v1/jobs');
    expectShape(answer, { jobs: [JOB] });
    expect(answer.jobs).toContainEqual(JOB);
  });

  row('GET /api/v1/jobs', 'filters by source and namespace', async () => {
    const ids = async (query: string): Promise<unknown[]> =>
      (await flwd.get<{ jobs: { id: string }[] }>(`/api/v1/jobs?${query}`)).jobs.map(({ id }) => id);
    expect(await ids('source=local-fs')).toEqual(['backup/daily', 'ops/broken', 'ops/slow']);
    expect(await ids('source=elsewhere')).toEqual([]);
    expect(await ids('namespace=ops')).toEqual(['ops/broken', 'ops/slow']);
    expect(await ids('source=local-fs&namespace=backup&unknown=1')).toEqual(['backup/daily']);
  });

  row('GET /api/v1/jobs/{job_id}', 'the example, its id with slashes', async () => {
    expect(await flwd.get('/api/v1/jobs/backup/daily')).toMatchObject({
      ...JOB,
      args: {
        type: 'object',
        properties: { target: { type: 'string', description: 'Backup target directory' } },
        required: ['target'],
      },
    });
    expect(await flwd.get('/api/v1/jobs/backup%2Fdaily')).toMatchObject(JOB);
  });

  row('GET /api/v1/jobs/{job_id}', 'the problem that the page shows', async () => {
    const { status, headers, body } = await flwd.send('GET', '/api/v1/jobs/backup/none');
    expect(status).toBe(404);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({
      type: 'https://flowd.org/problems/job-not-found',
      title: 'Job Not Found',
      status: 404,
      detail: "The job 'backup/none' does not exist",
      instance: '/api/v1/jobs/backup/none',
    });
  });

  row('POST /api/v1/runs', 'the example, asynchronous', async () => {
    const run = await flwd.post<Run>('/api/v1/runs', CREATE_RUN, 202);
    expectShape(run, { run_id: 'run_01HX...', job_id: 'backup/daily', status: 'running', created_at: '2024-01-15T10:30:00Z' });
    expect(run.run_id).toMatch(RUN_ID);
    expect(['pending', 'running']).toContain(run.status);
  });

  row('POST /api/v1/runs', 'without async: the run when it is over', async () => {
    const run = await flwd.post<Run>('/api/v1/runs', { job_id: 'backup/daily', args: { target: '/mnt' } }, 201);
    expect(run).toMatchObject({ job_id: 'backup/daily', status: 'success', result: { value: { files_backed_up: 1234 } } });
  });

  row('POST /api/v1/runs', 'the problems: validation-error, job-not-found, permission-denied, execution-error', async () => {
    const refused = async (body: object | string): Promise<unknown> => (await flwd.send('POST', '/api/v1/runs', body)).body;
    const type = (slug: string): string => `https://flowd.org/problems/${slug}`;
    const invalid = { type: type('validation-error'), title: 'Validation Error', status: 400, instance: '/api/v1/runs' };
    expect(await refused({})).toMatchObject(invalid);
    expect(await refused('{')).toMatchObject(invalid);
    expect(await refused({ job_id: 'backup/daily', args: {} })).toMatchObject({ ...invalid, errors: [expect.anything()] });
    expect(await refused({ job_id: 'backup/daily', unknown: 1 })).toMatchObject(invalid);
    expect(await refused({ job_id: 'no/such' })).toMatchObject({ type: type('job-not-found'), status: 404 });
    expect(await refused({ ...CREATE_RUN, tenant: 'acme' })).toMatchObject({ type: type('permission-denied'), status: 403 });
    expect(await refused({ job_id: 'ops/broken' })).toMatchObject({ type: type('execution-error'), title: 'Execution Error', status: 500 });
  });

  row('GET /api/v1/runs', 'the example', async () => {
    const { run_id } = await backup();
    const answer = await flwd.get<{ runs: Run[]; total: number }>('/api/v1/runs?job_id=backup/daily&status=success');
    expectShape(answer, {
      runs: [{ run_id: 'run_01HX...', job_id: 'backup/daily', status: 'success', created_at: '', finished_at: '' }],
      total: 42,
    });
    expect(answer.runs[0]).toMatchObject({ run_id, job_id: 'backup/daily', status: 'success' });
    expect(answer.total).toBe(answer.runs.length);
  });

  row('GET /api/v1/runs', 'limit, offset and the total of all', async () => {
    const [first, second] = [await backup(), await backup()];
    const page = (query: string): Promise<{ runs: Run[]; total: number }> => flwd.get(`/api/v1/runs?${query}`);
    const newest = await page('limit=1');
    expect(newest.runs.map(({ run_id }) => run_id)).toEqual([second.run_id]);
    expect(newest.total).toBeGreaterThan(1);
    expect((await page('limit=1&offset=1')).runs.map(({ run_id }) => run_id)).toEqual([first.run_id]);
    expect((await flwd.send('GET', '/api/v1/runs?status=done')).status).toBe(400);
  });

  row('GET /api/v1/runs/{run_id}', 'the example', async () => {
    const { run_id } = await backup();
    const run = await read(run_id);
    expectShape(run, {
      run_id: 'run_01HX...',
      job_id: 'backup/daily',
      status: 'success',
      created_at: '2024-01-15T10:30:00Z',
      finished_at: '2024-01-15T10:35:00Z',
      args: { target: '/mnt/backup' },
      result: { value: { files_backed_up: 1234, total_size_mb: 5678 } },
    });
    expect(run).toMatchObject({
      run_id,
      args: { target: '/mnt/backup' },
      result: { value: { files_backed_up: 1234, total_size_mb: 5678 } },
    });
    const { status, body } = await flwd.send('GET', '/api/v1/runs/run_01HX');
    expect(status).toBe(404);
    expect(body).toMatchObject({
      type: 'https://flowd.org/problems/run-not-found',
      title: 'Run Not Found',
      instance: '/api/v1/runs/run_01HX',
    });
  });

  row('GET /api/v1/runs/{run_id}/logs', 'as JSON, and since a time', async () => {
    const { run_id } = await backup();
    const { logs } = await flwd.get<{ logs: { timestamp: string; message: string }[] }>(`/api/v1/runs/${run_id}/logs`);
    expectShape(logs, [{ timestamp: '2024-01-15T10:30:01Z', level: 'info', message: 'Starting backup...', step_id: 'step_01' }]);
    expect(logs.map(({ message }) => message)).toEqual(['Starting backup...', 'Backup complete']);
    expect(await flwd.get(`/api/v1/runs/${run_id}/logs?since=2100-01-01T00:00:00Z`)).toEqual({ logs: [] });
    expect((await flwd.send('GET', `/api/v1/runs/${run_id}/logs?since=yesterday`)).status).toBe(400);
  });

  row('GET /api/v1/runs/{run_id}/logs', 'followed as events named log, until the run is over', async () => {
    const { run_id } = await flwd.post<Run>('/api/v1/runs', CREATE_RUN, 202);
    const messages = await flwd.events(`/api/v1/runs/${run_id}/logs?follow=true`);
    expect(messages.map(({ event }) => event)).toEqual(['log', 'log']);
    expectShape(messages[0]?.data, { timestamp: '2024-01-15T10:30:01Z', level: 'info', message: 'Starting backup...' });
    expect(messages.map(({ data }) => data['message'])).toEqual(['Starting backup...', 'Backup complete']);
  });

  row('POST /api/v1/runs/{run_id}/cancel', 'the example', async () => {
    const { run_id } = await startSlow();
    expect(await flwd.post(`/api/v1/runs/${run_id}/cancel`, undefined, 200)).toEqual({ run_id, status: 'cancelled' });
    await eventually(
      () => read(run_id),
      ({ status }) => status === 'cancelled',
    );
    expect(await flwd.post(`/api/v1/runs/${run_id}/cancel`, undefined, 200)).toEqual({ run_id, status: 'cancelled' });
  });

  row('GET /api/v1/artifacts', 'the example', async () => {
    const { run_id } = await backup();
    const answer = await flwd.get<{ artifacts: object[] }>(`/api/v1/artifacts?run_id=${run_id}&limit=10`);
    expectShape(answer, {
      artifacts: [
        {
          id: 'artifact_01HX...',
          run_id: 'run_01HX...',
          name: 'backup-archive',
          path: '/workspace/backup.tar.gz',
          media_type: 'application/gzip',
          size_bytes: 12345678,
          created_at: '2024-01-15T10:35:00Z',
        },
      ],
    });
    expect(answer.artifacts).toMatchObject([{ run_id, path: '/workspace/backup.tar.gz', media_type: 'application/gzip' }]);
    expect((await flwd.get<{ artifacts: object[] }>('/api/v1/artifacts?limit=1')).artifacts).toHaveLength(1);
  });

  row('GET /api/v1/artifacts/{artifact_id}', 'the bytes under their media type', async () => {
    const { run_id } = await backup();
    const { artifacts } = await flwd.get<{ artifacts: { id: string; size_bytes: number }[] }>(`/api/v1/artifacts?run_id=${run_id}`);
    const response = await flwd.open('GET', `/api/v1/artifacts/${artifacts[0]?.id}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/gzip');
    expect((await response.arrayBuffer()).byteLength).toBe(artifacts[0]?.size_bytes);
    const { body } = await flwd.send('GET', '/api/v1/artifacts/artifact_01HX');
    expect(body).toMatchObject({ type: 'https://flowd.org/problems/artifact-not-found', status: 404 });
  });

  row('GET /api/v1/health', 'the example, without a key', async () => {
    const answer = await flwd.withKey(undefined).get('/api/v1/health');
    expectShape(answer, { status: 'healthy', version: '1.0.0', uptime_seconds: 3600 });
    expect(answer).toMatchObject({ status: 'healthy' });
  });

  row('GET /api/v1/system/info', 'the example', async () => {
    const answer = await flwd.get('/api/v1/system/info');
    expectShape(answer, {
      version: '1.0.0',
      sources: [{ name: 'local-fs', type: 'fs', path: '/opt/flwd/jobs' }],
      extensions: ['tui', 'mcp'],
    });
    expect(answer).toMatchObject({ sources: [{ name: 'local-fs', type: 'fs', path: join(root, 'jobs') }] });
  });

  row('GET /api/v1/events/runs', 'all seven types of a run, in their order', async () => {
    const { run_id } = await backup();
    const messages = await flwd.events(`/api/v1/events/runs?run_id=${run_id}`);
    expect([...new Set(messages.map(({ event }) => event))]).toEqual([
      'run.created',
      'run.started',
      'step.started',
      'run.output',
      'step.output',
      'step.finished',
      'run.finished',
    ]);
    const output = messages.find(({ event }) => event === 'run.output');
    expectShape(output?.data, { run_id: 'run_01HX...', timestamp: '2024-01-15T10:30:01Z', level: 'info', message: 'Processing...' });
    expect(output?.data).toMatchObject({ run_id, message: 'Starting backup...' });
    const after = await flwd.events(`/api/v1/events/runs?run_id=${run_id}`, undefined, { 'last-event-id': messages.at(-2)?.id ?? '' });
    expect(after.map(({ event }) => event)).toEqual(['run.finished']);
    for (const query of [`run_id=${run_id}&last_event_id=x`, 'last_event_id=!']) {
      const { status, body } = await flwd.send('GET', `/api/v1/events/runs?${query}`);
      expect(status).toBe(400);
      expect(body).toMatchObject({ type: 'https://flowd.org/problems/validation-error' });
    }
  });

  row('GET /api/v1/events/runs', 'of all runs, or those of a job, as they happen', async () => {
    const finished = (messages: readonly { event: string | undefined }[]): boolean =>
      messages.some(({ event }) => event === 'run.finished');
    await backup();
    const past = await flwd.events('/api/v1/events/runs?job_id=backup/daily', finished, { 'last-event-id': '0' });
    const position = past.find(({ event }) => event === 'run.finished');
    const [messages, { run_id }] = await Promise.all([
      flwd.events('/api/v1/events/runs?job_id=backup/daily', finished, { 'last-event-id': position?.id ?? '' }),
      backup(),
    ]);
    expect(messages.every(({ data }) => data['job_id'] === 'backup/daily')).toBe(true);
    expect(run_id).toMatch(RUN_ID);
  });

  row('errors', 'rate-limit headers on every answer, problems also for what is nowhere', async () => {
    const { status, headers, body } = await flwd.send('GET', '/api/v1/nowhere');
    expect(status).toBe(404);
    expect(body).toMatchObject({ type: 'https://flowd.org/problems/not-found', title: 'Not Found', instance: '/api/v1/nowhere' });
    for (const name of ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'])
      expect(Number(headers.get(name))).toBeGreaterThan(0);
    expect((await flwd.send('DELETE', '/api/v1/jobs')).status).toBe(405);
  });

  row('authentication', 'the keys, roles and anonymous role of this server', async () => {
    const nobody = flwd.withKey(undefined);
    expect((await nobody.send('GET', '/api/v1/jobs')).status).toBe(200);
    const { status, body } = await nobody.send('POST', '/api/v1/runs', CREATE_RUN);
    expect(status).toBe(403);
    expect(body).toMatchObject({ type: 'https://flowd.org/problems/permission-denied', title: 'Permission Denied' });
    const stranger = await flwd.withKey('hdl_nobody').send('GET', '/api/v1/jobs');
    expect(stranger.status).toBe(401);
    expect(stranger.body).toMatchObject({ type: 'https://flowd.org/problems/unauthorized', status: 401 });
  });

  row('GET /openapi.json', 'a document of its own, with its paths as clients see them', async () => {
    const document = await flwd.get<{ openapi: string; paths: Record<string, object> }>('/openapi.json');
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/api/v1/runs/{run_id}/cancel');
    expect(Object.keys(document.paths).some((path) => path.startsWith('/compat'))).toBe(false);
  });

  deviation(
    'GET /api/v1/events/runs',
    'the stream of one run ends with the run',
    'the page does not say, and a stream that stays open after its last event costs a connection for nothing',
    async () => {
      const { run_id } = await backup();
      expect((await flwd.events(`/api/v1/events/runs?run_id=${run_id}`)).at(-1)?.event).toBe('run.finished');
    },
  );

  deviation(
    'GET /api/v1/events/runs',
    'ids of events are numbers for one run only',
    'events of several runs have no common number that is known before they are committed; the ids are opaque there',
    async () => {
      const { run_id } = await backup();
      const ofOne = await flwd.events(`/api/v1/events/runs?run_id=${run_id}`);
      expect(ofOne.every(({ id }) => /^\d+$/.test(id ?? ''))).toBe(true);
    },
  );
});

row('ports', 'a port of the dialect serves nothing else', async () => {
  const own = new DialectClient(server.dialects['flwd'] ?? '', server.adminKey);
  for (const path of ['/health', '/docs/x', '/compat/flwd/api/v1/jobs', '/../health', '/%2e%2e/health']) {
    const { status, body } = await own.send('GET', path);
    expect(status).toBe(404);
    expect(body).toMatchObject({ type: 'https://flowd.org/problems/not-found' });
  }
  const socket = new WebSocket(`${own.url.replace('http', 'ws')}/api/v1/ws/events`, ['bearer', server.adminKey]);
  const outcome = await new Promise((resolve) => {
    socket.addEventListener('open', () => resolve('open'));
    socket.addEventListener('error', () => resolve('refused'));
  });
  expect(outcome).toBe('refused');
});
