import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually, storeWorkflow } from '../support/runs.js';
import { entrancesOf } from './support/entrances.js';
import { DialectClient } from './support/http.js';
import { deviation, row } from './support/rows.js';

const INPUTS = { type: 'object', properties: { query: { type: 'string' }, team: { type: 'string', default: 'all' } } };
const WORKFLOWS = [
  {
    name: 'greets',
    description: 'Greets',
    inputs: INPUTS,
    settings: { timeout_ms: 90_000 },
    nodes: [{ id: 'greet', type: 'transform.set', config: { values: { text: '{{ inputs.query }} to {{ inputs.team }}' } } }],
    outputs: '{{ nodes.greet.output.text }}',
  },
  { name: 'ops/asks', nodes: [{ id: 'ask', type: 'control.approval', config: { message: 'Release?', reviewers: ['admin', 'alice'] } }] },
  { name: 'waits', nodes: [{ id: 'hold', type: 'control.wait', config: { name: 'go' } }], outputs: '{{ nodes.hold.output }}' },
  { name: 'fails', nodes: [{ id: 'fail', type: 'control.fail', config: { message: 'no' } }] },
];

interface Result {
  readonly run_id: string;
  readonly status: string;
}

let server: TestApp;

beforeAll(async () => {
  server = await startApp({ env: { HEDDLE_COMPAT_PORTS: 'astromesh=0' } });
  for (const workflow of WORKFLOWS) await storeWorkflow(server.api, workflow);
});
afterAll(async () => {
  await server?.close();
});

describe.each(entrancesOf('astromesh'))('workflows of Astromesh %s', (_where, urlOf) => {
  let astromesh: DialectClient;

  beforeAll(() => {
    astromesh = new DialectClient(urlOf(server), server.adminKey);
  });

  const run = (name: string, body: object = {}): Promise<Result> => astromesh.post<Result>(`/v1/workflows/${name}/run`, body, 200);
  const state = (id: string): Promise<Result> => astromesh.get<Result>(`/v1/workflows/runs/${id}`);
  const ended = (id: string): Promise<Result> =>
    eventually(
      () => state(id),
      ({ status }) => status !== 'running' && status !== 'suspended',
    );

  row('GET /v1/workflows', 'their names', async () => {
    for (const path of ['/v1/workflows/', '/v1/workflows']) {
      expect(await astromesh.get(path)).toEqual({ workflows: ['fails', 'greets', 'ops/asks', 'waits'] });
    }
  });

  row('GET /v1/workflows/{name}', 'one with its steps', async () => {
    expect(await astromesh.get('/v1/workflows/greets')).toEqual({
      name: 'greets',
      version: '1',
      namespace: 'default',
      description: 'Greets',
      trigger: null,
      timeout_seconds: 90,
      steps: [{ name: 'greet', type: 'transform.set' }],
    });
    expect(await astromesh.get('/v1/workflows/ops%2Fasks')).toMatchObject({ name: 'ops/asks', namespace: 'ops' });
    expect(await astromesh.get('/v1/workflows/none', 404)).toEqual({ detail: "Workflow 'none' not found" });
  });

  row('POST /v1/workflows/{name}/run', 'what it came to: completed, failed, or suspended', async () => {
    expect(await run('greets', { query: 'Hello', trigger: { team: 'care' } })).toMatchObject({
      workflow_name: 'greets',
      status: 'completed',
      output: 'Hello to care',
      steps: { greet: { status: 'success', output: { text: 'Hello to care' }, error: null } },
      trace: null,
      duration_ms: expect.any(Number) as unknown,
    });
    expect(await run('fails')).toMatchObject({ status: 'failed', steps: { fail: { status: 'error', error: 'no' } } });
    expect(await run('waits')).toEqual({ run_id: expect.any(String) as unknown, status: 'suspended' });
    expect(await astromesh.post('/v1/workflows/none/run', {}, 404)).toEqual({ detail: "Workflow 'none' not found" });
    expect(await astromesh.post('/v1/workflows/greets/run', { trigger: { team: 7 } }, 422)).toMatchObject({
      detail: [{ msg: expect.any(String) as unknown }],
    });
  });

  row('GET /v1/workflows/runs/{run_id}', 'how far it is', async () => {
    const { run_id } = await run('greets', { query: 'Hello' });
    expect(await state(run_id)).toEqual({
      run_id,
      workflow_name: 'greets',
      status: 'completed',
      current_index: 1,
      context: {
        trigger: { query: 'Hello', team: 'all' },
        steps: { greet: { status: 'success', output: { text: 'Hello to all' }, error: null } },
      },
      error: null,
    });
    for (const id of ['none', run_id.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))]) {
      expect(await astromesh.get(`/v1/workflows/runs/${id}`, 404)).toEqual({ detail: `Run '${id}' not found` });
    }
  });

  row('POST /v1/workflows/runs/{run_id}/resume', 'gives it what it waits for', async () => {
    const { run_id } = await run('waits');
    const resumed = await astromesh.post(`/v1/workflows/runs/${run_id}/resume`, { payload: { ok: true } }, 200);
    expect(resumed).toMatchObject({ run_id });
    expect(await ended(run_id)).toMatchObject({ status: 'completed' });
    const again = await astromesh.post(`/v1/workflows/runs/${run_id}/resume`, {}, 409);
    expect(again).toEqual({ detail: `Run '${run_id}' is not suspended` });
    expect(await astromesh.post('/v1/workflows/runs/none/resume', {}, 404)).toEqual({ detail: "Run 'none' not found" });
  });

  row('GET /v1/workflows/approvals', 'what nobody has decided yet, of one reviewer or of all', async () => {
    const { run_id } = await run('ops%2Fasks');
    const approval = { run_id, workflow_name: 'ops/asks', step_name: 'ask', approver: 'admin', prompt: 'Release?', expires_at: null };
    const of = async (query: string): Promise<object[]> => {
      const { approvals } = await astromesh.get<{ approvals: { run_id: string }[] }>(`/v1/workflows/approvals${query}`);
      return approvals.filter((each) => each.run_id === run_id);
    };
    expect(await of('')).toMatchObject([approval]);
    expect(await of('?approver=alice')).toMatchObject([approval]);
    expect(await of('?approver=bob')).toEqual([]);
  });

  row('POST /v1/workflows/runs/{run_id}/approve', 'and it goes on', async () => {
    const { run_id, status } = await run('ops%2Fasks');
    expect(status).toBe('suspended');
    const approved = await astromesh.post(`/v1/workflows/runs/${run_id}/approve`, { approver: 'alice', comment: 'fine' }, 200);
    expect(approved).toMatchObject({ run_id });
    expect(await ended(run_id)).toMatchObject({ status: 'completed' });
    const again = await astromesh.post(`/v1/workflows/runs/${run_id}/approve`, { approver: 'alice' }, 409);
    expect(again).toEqual({ detail: `Run '${run_id}' is not suspended` });
  });

  row('POST /v1/workflows/runs/{run_id}/reject', 'and it ends', async () => {
    const { run_id } = await run('ops%2Fasks');
    await astromesh.post(`/v1/workflows/runs/${run_id}/reject`, { approver: 'alice' }, 200);
    expect(await ended(run_id)).toMatchObject({ status: 'rejected' });
  });

  deviation(
    'POST /v1/workflows/runs/{run_id}/approve',
    '`approver` is passed over',
    'whose key it is decides, and nobody decides as somebody else',
    async () => {
      const { run_id } = await run('ops%2Fasks');
      await astromesh.post(`/v1/workflows/runs/${run_id}/approve`, { approver: 'alice' }, 200);
      const { data } = (await server.api.get<{ data: { decided_by: string }[] }>('/approvals', { query: { run_id, status: 'approved' } }))
        .body;
      expect(data[0]?.decided_by).not.toBe('alice');
    },
  );
});
