import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiClient, startApp, type TestApp } from '../support/index.js';
import { eventually, type RunBody, runToEnd, storeWorkflow } from '../support/runs.js';

let app: TestApp;
let api: ApiClient;

beforeAll(async () => {
  app = await startApp();
  ({ api } = app);
  await storeWorkflow(api, {
    name: 'signals/two',
    nodes: [
      { id: 'first', type: 'control.wait', config: { name: 'go' } },
      { id: 'second', type: 'control.wait', needs: ['first'], config: { name: 'go' } },
    ],
    outputs: { first: '{{ nodes.first.output }}', second: '{{ nodes.second.output }}' },
  });
  await storeWorkflow(api, {
    name: 'signals/limited',
    inputs: { type: 'object', properties: { timeout_ms: { type: 'integer', default: 20 } } },
    nodes: [
      { id: 'wait', type: 'control.wait', config: { name: 'never', timeout_ms: '{{ inputs.timeout_ms }}', default: { nobody: 'called' } } },
    ],
    outputs: '{{ nodes.wait.output }}',
  });
  await storeWorkflow(api, {
    name: 'signals/impatient',
    nodes: [{ id: 'wait', type: 'control.wait', config: { name: 'never', timeout_ms: 20 } }],
  });
  await storeWorkflow(api, {
    name: 'signals/until',
    inputs: { type: 'object', required: ['at'], properties: { at: {} } },
    nodes: [{ id: 'wait', type: 'time.until', config: { at: '{{ inputs.at }}' } }],
    outputs: '{{ nodes.wait.output }}',
  });
});
afterAll(() => app.close());

async function start(workflow: string): Promise<string> {
  return (await api.post<RunBody>(`/workflows/${encodeURIComponent(workflow)}/runs`, {})).body.id;
}

async function ended(run: string): Promise<RunBody> {
  return eventually(
    async () => (await api.get<RunBody>(`/runs/${run}`)).body,
    ({ status }) => status === 'success',
  );
}

describe('signals', () => {
  it('each end one wait, in the order they came, with any JSON', async () => {
    const run = await start('signals/two');
    expect(await api.post(`/runs/${run}/signals/go`, 'ready')).toMatchObject({ status: 202, body: { run_id: run, name: 'go' } });
    expect((await api.post(`/runs/${run}/signals/go`)).status).toBe(202);
    expect((await ended(run)).outputs).toEqual({ first: { payload: 'ready' }, second: { payload: null } });
    expect(await api.post(`/runs/${run}/signals/go`, {})).toMatchObject({ status: 409, body: { code: 'run_over' } });
  });

  it('are refused to unknown runs, too large, badly named, or named as an approval', async () => {
    const run = await start('signals/two');
    expect((await api.post('/runs/0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b/signals/go', {})).status).toBe(404);
    expect((await api.post(`/runs/${run}/signals/go`, 'x'.repeat(262_144))).status).toBe(413);
    expect((await api.post(`/runs/${run}/signals/%20go`, {})).status).toBe(422);
    expect((await api.post(`/runs/${run}/signals/approval:${run}`, { decision: 'approved' })).status).toBe(403);
    const viewer = await app.createKey({ role: 'viewer' });
    expect((await viewer.api.post(`/runs/${run}/signals/go`, {})).status).toBe(403);
    await api.post(`/runs/${run}/cancel`);
  });

  it('that do not come in time are replaced by the default, or fail the step', async () => {
    expect((await runToEnd(api, 'signals/limited')).outputs).toEqual({ payload: { nobody: 'called' }, timed_out: true });
    expect(await runToEnd(api, 'signals/impatient')).toMatchObject({ status: 'failed', error: { code: 'signal_timeout' } });
  });
});

describe('a point in time', () => {
  it('is waited for, as RFC 3339 with any offset or as an epoch', async () => {
    const at = Date.now() + 400;
    const { outputs } = await runToEnd(api, 'signals/until', { inputs: { at: new Date(at).toISOString() } });
    expect(outputs).toEqual({ at: new Date(at).toISOString() });
    expect(Date.now()).toBeGreaterThanOrEqual(at);
    expect((await runToEnd(api, 'signals/until', { inputs: { at: '2020-01-01T01:00:00+01:00' } })).outputs).toEqual({
      at: '2020-01-01T00:00:00.000Z',
    });
    expect((await runToEnd(api, 'signals/until', { inputs: { at: 1_577_836_800 } })).outputs).toEqual({ at: '2020-01-01T00:00:00.000Z' });
    expect((await runToEnd(api, 'signals/until', { inputs: { at: 1_577_836_800_000 } })).outputs).toEqual({
      at: '2020-01-01T00:00:00.000Z',
    });
  });

  it('has to be one', async () => {
    for (const at of ['tomorrow', '2026-03-01T08:00:00', -1]) {
      expect(await runToEnd(api, 'signals/until', { inputs: { at } })).toMatchObject({ status: 'failed', error: { code: 'invalid_time' } });
    }
  });
});
