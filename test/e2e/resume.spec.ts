import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { storeWorkflow } from '../support/runs.js';

interface Run {
  id: string;
  status: string;
  outputs: Record<string, unknown> | null;
  resumed_from: string | null;
  error: { code: string; step?: string } | null;
}

let app: TestApp;
let target: Server;
let url: string;
/** Requests the workflow really made, by path. */
let calls: string[] = [];
let broken = true;

beforeAll(async () => {
  target = createServer((request, response) => {
    calls.push(request.url ?? '');
    response.writeHead(request.url === '/second' && broken ? 500 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ at: request.url }));
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  app = await startApp({ env: { HEDDLE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(async () => {
  await app.close();
  target.close();
});

const call = (id: string, needs: string[] = [], path = `/${id}`) => ({
  id,
  type: 'http.request',
  needs,
  config: { url: `{{ inputs.url }}${path}`, method: 'POST', body: { n: '{{ inputs.n }}' }, fail_on_status: true },
});

async function store(name: string, nodes: unknown[]): Promise<void> {
  const inputs = { type: 'object', required: ['url'], properties: { url: { type: 'string' }, n: { type: 'integer', default: 1 } } };
  await storeWorkflow(app.api, { name, inputs, nodes, outputs: { first: '{{ nodes.first.output.body.at }}', n: '{{ inputs.n }}' } });
}

const run = async (name: string): Promise<Run> =>
  (await app.api.post<Run>(`/workflows/${encodeURIComponent(name)}/runs`, { inputs: { url } }, { query: { wait: '30s' } })).body;
const ended = async (id: string): Promise<Run> => {
  for (;;) {
    const { body } = await app.api.get<Run>(`/runs/${id}`);
    if (['success', 'failed', 'cancelled'].includes(body.status)) return body;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('POST /runs/{id}/resume', () => {
  it('goes on where a run failed, without doing finished steps again', async () => {
    broken = true;
    await store('resume/chain', [call('first'), call('second', ['first']), call('third', ['second'])]);
    const failed = await run('resume/chain');
    expect(failed).toMatchObject({ status: 'failed', error: { step: 'second' } });
    calls = [];
    broken = false;
    const { status, body, headers } = await app.api.post<Run>(`/runs/${failed.id}/resume`, { input_overrides: { n: 5 } });
    expect(status).toBe(202);
    expect(body).toMatchObject({ resumed_from: failed.id });
    expect(headers.get('location')).toBe(`/api/v1/runs/${body.id}`);
    expect(await ended(body.id)).toMatchObject({ status: 'success', outputs: { first: '/first', n: 5 } });
    expect(calls).toEqual(['/second', '/third']);
    const steps = await app.api.get<{ data: { path: string; status: string }[] }>(`/runs/${body.id}/steps`);
    expect(steps.body.data.map((step) => `${step.path} ${step.status}`)).toEqual(['first success', 'second success', 'third success']);
    const audit = await app.api.get<{ data: { seq: number }[] }>(`/runs/${body.id}/events`, { query: { limit: 500 } });
    expect(audit.body.data.map((event) => event.seq)).toEqual(audit.body.data.map((_, index) => index + 1));
    expect((await app.api.get<Run>(`/runs/${failed.id}`)).body.status).toBe('failed');
  });

  it('does a chosen step of a finished run again, and what depends on it', async () => {
    broken = false;
    await store('resume/again', [call('first'), call('second', ['first']), call('aside', ['first'])]);
    const finished = await run('resume/again');
    expect(finished.status).toBe('success');
    calls = [];
    const { body } = await app.api.post<Run>(`/runs/${finished.id}/resume`, { from_step: 'second' });
    expect((await ended(body.id)).status).toBe('success');
    expect(calls).toEqual(['/second']);
  });

  it('takes a newer version when the kept part still fits, else says where it differs', async () => {
    broken = false;
    await store('resume/versions', [call('first'), call('second', ['first'])]);
    const finished = await run('resume/versions');
    await store('resume/versions', [call('first'), call('second', ['first'], '/renamed')]);
    calls = [];
    const fits = await app.api.post<Run>(`/runs/${finished.id}/resume`, { from_step: 'second', version: 2 });
    expect((await ended(fits.body.id)).status).toBe('success');
    expect(calls).toEqual(['/renamed']);
    await store('resume/versions', [call('first', [], '/other'), call('second', ['first'])]);
    const differs = await app.api.post(`/runs/${finished.id}/resume`, { from_step: 'second', version: 3 });
    expect(differs).toMatchObject({
      status: 422,
      body: { code: 'not_resumable', errors: [{ path: '/version', code: 'kept_step_changed' }] },
    });
  });

  it('refuses what cannot be resumed', async () => {
    broken = false;
    await store('resume/refuse', [call('first'), { id: 'long', type: 'time.delay', needs: ['first'], config: { delay_ms: 600_000 } }]);
    const { body: live } = await app.api.post<Run>('/workflows/resume%2Frefuse/runs', { inputs: { url } });
    expect(await app.api.post(`/runs/${live.id}/resume`, {})).toMatchObject({ status: 409, body: { code: 'run_not_over' } });
    await app.api.post(`/runs/${live.id}/cancel`, {});
    await ended(live.id);
    const resume = (body: unknown) => app.api.post(`/runs/${live.id}/resume`, body);
    expect(await resume({ from_step: 'nope' })).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/from_step', code: 'unknown_step' }] },
    });
    expect(await resume({ version: 9 })).toMatchObject({ status: 422, body: { errors: [{ path: '/version' }] } });
    expect(await resume({ input_overrides: { n: 'many' } })).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/input_overrides/n' }] },
    });
    const stranger = await app.createKey({ tenant: 'elsewhere' });
    expect((await stranger.api.post(`/runs/${live.id}/resume`, {})).status).toBe(404);
  });
});
