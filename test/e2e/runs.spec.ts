import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type Answer, type TestApp } from '../support/index.js';
import { eventually, storeWorkflow, type RunBody } from '../support/runs.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
  await storeWorkflow(app.api, {
    name: 'demo/sum',
    inputs: {
      type: 'object',
      required: ['n'],
      additionalProperties: false,
      properties: { n: { type: 'integer' }, factor: { type: 'number', default: 2 } },
    },
    nodes: [
      { id: 'double', type: 'transform.set', config: { values: { n: '{{ inputs.n * inputs.factor }}' } } },
      {
        id: 'list',
        type: 'transform.set',
        needs: ['double'],
        for_each: { items: '{{ [1, 2, 3] }}' },
        config: { values: { v: '{{ item * nodes.double.output.n }}' } },
      },
      { id: 'never', type: 'debug.log', needs: ['double'], when: '{{ inputs.n > 100 }}', config: { message: 'large' } },
      { id: 'say', type: 'debug.log', needs: ['list', 'never'], join: 'all_done', config: { message: 'n is {{ nodes.double.output.n }}' } },
    ],
    outputs: { n: '{{ nodes.double.output.n }}', list: '{{ nodes.list.output }}' },
  });
  await storeWorkflow(app.api, { name: 'demo/sleep', nodes: [{ id: 'pause', type: 'time.delay', config: { delay_ms: 600000 } }] });
  await storeWorkflow(app.api, {
    name: 'demo/fail',
    nodes: [{ id: 'stop', type: 'control.fail', config: { message: 'no way', code: 'nope' } }],
  });
  await storeWorkflow(app.api, {
    name: 'demo/single',
    nodes: [{ id: 'pause', type: 'time.delay', config: { delay_ms: 600000 } }],
    settings: { concurrency: { key: 'k-{{ inputs.who }}', limit: 1, on_conflict: 'reject' } },
  });
});
afterAll(() => app?.close());

function start(
  workflow: string,
  body: object = {},
  options: { query?: Record<string, string>; headers?: Record<string, string> } = {},
): Promise<Answer<RunBody>> {
  return app.api.post<RunBody>(`/workflows/${encodeURIComponent(workflow)}/runs`, body, options);
}

async function get(id: string): Promise<RunBody> {
  return (await app.api.get<RunBody>(`/runs/${id}`)).body;
}

describe('starting a run', () => {
  it('answers 202 with the accepted run and where it is', async () => {
    const { status, headers, body } = await start('demo/sum', { inputs: { n: 21 }, tags: ['a', 'b'], priority: 5, timeout_ms: 60_000 });
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/api/v1/runs/${body.id}`);
    expect(body).toMatchObject({
      kind: 'workflow',
      workflow: { name: 'demo/sum', version: 1 },
      agent: null,
      inputs: { n: 21, factor: 2 },
      outputs: null,
      error: null,
      progress: { completed: 0, total: 4 },
      tags: ['a', 'b'],
      priority: 5,
      timeout_ms: 60_000,
      trigger: 'api',
      attempt: 1,
      finished_at: null,
      usage: null,
    });
    expect(['pending', 'running']).toContain(body.status);
    const over = await eventually(
      () => get(body.id),
      (run) => run.status === 'success',
    );
    expect(over).toMatchObject({ id: body.id, workflow: body.workflow, inputs: body.inputs, tags: body.tags, created_at: body.created_at });
  });

  it('holds the answer until the run is over, and then says what reading it says', async () => {
    const { status, body } = await start('demo/sum', { inputs: { n: 2, factor: 5 } }, { query: { wait: '30s' } });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'success',
      outputs: { n: 10, list: [{ v: 10 }, { v: 20 }, { v: 30 }] },
      progress: { completed: 4, total: 4 },
      current_steps: [],
    });
    expect(await get(body.id)).toEqual(body);
    const failed = await start('demo/fail', {}, { query: { wait: '30' } });
    expect(failed.status).toBe(200);
    expect(failed.body).toMatchObject({ status: 'failed', outputs: null, error: { code: 'nope', message: 'no way' } });
    expect(await get(failed.body.id)).toEqual(failed.body);
  });

  it('answers 202 when the run is not over in time', async () => {
    const { status, body } = await start('demo/sleep', {}, { query: { wait: '50ms' } });
    expect(status).toBe(202);
    expect(['running', 'waiting']).toContain(body.status);
    const preferred = await start('demo/sum', { inputs: { n: 1 } }, { headers: { prefer: 'wait=10' } });
    expect(preferred.status).toBe(200);
    expect(preferred.headers.get('preference-applied')).toBe('wait=10');
  });

  it('gives the same run to a repeated request', async () => {
    const headers = { 'idempotency-key': 'once' };
    const first = await start('demo/sum', { inputs: { n: 3 } }, { headers });
    const again = await start('demo/sum', { inputs: { n: 3 } }, { headers });
    expect(first.status).toBe(202);
    expect(again.status).toBe(202);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('location')).toBe(`/api/v1/runs/${first.body.id}`);
    expect((await start('demo/sum', { inputs: { n: 4 } }, { headers })).status).toBe(409);
    const waited = await start('demo/sum', { inputs: { n: 3 } }, { headers: { 'idempotency-key': 'held' }, query: { wait: '30s' } });
    expect(waited).toMatchObject({ status: 200, body: { status: 'success' } });
  });

  it('refuses what means nothing, with every fault at its place', async () => {
    const unfit = await app.api.post<{ code: string; errors: { path: string }[] }>('/workflows/demo%2Fsum/runs', {
      inputs: { n: 'x', extra: 1 },
    });
    expect(unfit).toMatchObject({ status: 422, body: { code: 'invalid_inputs' } });
    expect(unfit.body.errors.map((fault) => fault.path).toSorted()).toEqual(['/inputs/extra', '/inputs/n']);
    expect(await start('demo/sum', {})).toMatchObject({ status: 422, body: { errors: [{ path: '/inputs/n', code: 'required' }] } });
    expect(await start('demo/sum', { inputs: { n: 1 }, priority: 1000 })).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/priority' }] },
    });
    expect(await start('demo/sum', { inputs: { n: 1 }, nonsense: true })).toMatchObject({
      status: 422,
      body: { code: 'unknown_field', errors: [{ path: '/nonsense' }] },
    });
    expect(await start('demo/sum', { inputs: [] })).toMatchObject({ status: 422, body: { errors: [{ path: '/inputs' }] } });
    expect(await start('demo/sum', { inputs: { n: 1 } }, { query: { wait: 'soon' } })).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'wait' }] },
    });
    expect((await start('demo/nothing', {})).status).toBe(404);
    expect((await start('demo/sum', { inputs: { n: 1 } }, { query: { version: '9' } })).status).toBe(404);
  });

  it('refuses a run beyond the limit of its concurrency key and names the holders', async () => {
    const holder = await start('demo/single', { inputs: { who: 'ann' } });
    expect(holder).toMatchObject({ status: 202, body: { concurrency_key: 'k-ann' } });
    expect(await start('demo/single', { inputs: { who: 'ann' } })).toMatchObject({
      status: 409,
      body: { code: 'concurrency_rejected', holders: [holder.body.id], key: 'k-ann', limit: 1 },
    });
    expect((await start('demo/single', { inputs: { who: 'bob' } })).status).toBe(202);
    expect((await start('demo/single', { inputs: { who: 'ann' }, concurrency_key: 'another' })).status).toBe(202);
  });
});

describe('a run', () => {
  it('shows its steps, fan-outs with all their outputs', async () => {
    const { body } = await start('demo/sum', { inputs: { n: 4 } }, { query: { wait: '30s' } });
    const { body: page } = await app.api.get<{
      data: { path: string; status: string; output: unknown; inputs: unknown; attempt: number }[];
      next_cursor: null;
    }>(`/runs/${body.id}/steps`);
    const byPath = Object.fromEntries(page.data.map((step) => [step.path, step]));
    expect(page.next_cursor).toBeNull();
    expect(Object.keys(byPath).toSorted()).toEqual(['double', 'list', 'list[0]', 'list[1]', 'list[2]', 'never', 'say']);
    expect(byPath['double']).toMatchObject({
      status: 'success',
      node_id: 'double',
      type: 'transform.set',
      output: { n: 8 },
      attempt: 1,
      error: null,
      usage: null,
    });
    expect(byPath['list']?.output).toEqual([{ v: 8 }, { v: 16 }, { v: 24 }]);
    expect(byPath['list[1]']).toMatchObject({ node_id: 'list', output: { v: 16 } });
    expect(byPath['never']).toMatchObject({ status: 'skipped', output: null, started_at: null });
    const paged: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const next: Answer<{ data: { path: string }[]; next_cursor: string | null }> = await app.api.get(`/runs/${body.id}/steps`, {
        query: { limit: 2, cursor },
      });
      expect(next.status).toBe(200);
      paged.push(...next.body.data.map((step) => step.path));
      cursor = next.body.next_cursor;
    }
    expect(paged).toEqual(page.data.map((step) => step.path));
  });

  it('shows its graph with how each node fared', async () => {
    const { body } = await start('demo/sum', { inputs: { n: 4 } }, { query: { wait: '30s' } });
    const graph = await app.api.get<{ nodes: { id: string; status: string }[]; edges: unknown[] }>(`/runs/${body.id}/graph`);
    expect(Object.fromEntries(graph.body.nodes.map((node) => [node.id, node.status]))).toEqual({
      double: 'success',
      list: 'success',
      never: 'skipped',
      say: 'success',
    });
    expect(graph.body.edges).toContainEqual({ from: 'double', to: 'list' });
    const mermaid = await app.api.get<string>(`/runs/${body.id}/graph`, { query: { format: 'mermaid' } });
    expect(mermaid.body).toMatch(/^flowchart/);
    const dot = await app.api.get<string>(`/runs/${body.id}/graph`, { query: { format: 'dot' } });
    expect(dot.body).toMatch(/^digraph/);
    expect((await app.api.get(`/runs/${body.id}/graph`, { query: { format: 'png' } })).status).toBe(422);
  });

  it('is cancelled for real, and only once', async () => {
    const { body } = await start('demo/sleep');
    await eventually(
      () => get(body.id),
      (run) => run.current_steps.includes('pause'),
    );
    const receipt = await app.api.post<{ status: string; stopping: string[] }>(`/runs/${body.id}/cancel`, { reason: 'enough' });
    expect(receipt).toMatchObject({ status: 202, body: { status: 'cancelling', stopping: ['pause'] } });
    const over = await eventually(
      () => get(body.id),
      (run) => run.status === 'cancelled',
    );
    expect(over).toMatchObject({ current_steps: [], outputs: null });
    expect(await app.api.post(`/runs/${body.id}/cancel`)).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    const { body: steps } = await app.api.get<{ data: unknown[] }>(`/runs/${body.id}/steps`);
    expect(steps.data).toMatchObject([{ path: 'pause', status: 'cancelled', type: 'time.delay' }]);
  });

  it('does not exist for other tenants, nor under anything that is no id', async () => {
    const { body } = await start('demo/sum', { inputs: { n: 1 } }, { query: { wait: '30s' } });
    const other = (await app.createKey({ tenant: 'other', role: 'operator' })).api;
    for (const path of ['', '/steps', '/events', '/logs', '/graph', '/explain']) {
      expect((await other.get(`/runs/${body.id}${path}`)).status).toBe(404);
      expect((await app.api.get(`/runs/not-an-id${path}`)).status).toBe(404);
      expect((await app.api.get(`/runs/0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b${path}`)).status).toBe(404);
    }
    expect((await other.post(`/runs/${body.id}/cancel`)).status).toBe(404);
    expect((await other.post('/workflows/demo%2Fsum/runs', { inputs: { n: 1 } })).status).toBe(404);
    const viewer = (await app.createKey({ role: 'viewer' })).api;
    expect((await viewer.get(`/runs/${body.id}`)).status).toBe(200);
    expect((await viewer.post('/workflows/demo%2Fsum/runs', { inputs: { n: 1 } })).status).toBe(403);
    expect((await viewer.post(`/runs/${body.id}/cancel`)).status).toBe(403);
  });
});
