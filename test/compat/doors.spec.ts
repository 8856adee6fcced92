import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually } from '../support/runs.js';
import { agentDocument } from './support/astromesh.js';
import { DialectClient } from './support/http.js';
import { DialectSocket, type Frame } from './support/socket.js';

let root: string;
let server: TestApp;
let awf: DialectClient;
let flwd: DialectClient;
let astromesh: DialectClient;
let flowengine: DialectClient;
let meshflow: DialectClient;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'heddle-doors-'));
  await mkdir(join(root, 'jobs/ops/slow'), { recursive: true });
  await mkdir(join(root, 'awf'), { recursive: true });
  await writeFile(join(root, 'jobs/ops/slow/config.yaml'), 'name: slow\ncommand: echo on its way; sleep 300\n');
  await writeFile(
    join(root, 'awf/hold.yaml'),
    'name: hold\nstates:\n  initial: wait\n  wait: { type: step, command: echo holding; sleep 300, on_success: done, on_failure: done }\n  done: { type: terminal }\n',
  );
  server = await startApp({ env: { HEDDLE_WORKFLOWS_DIR: `${join(root, 'jobs')},${join(root, 'awf')}` } });
  awf = new DialectClient(`${server.url}/compat/awf`, server.adminKey);
  flwd = new DialectClient(`${server.url}/compat/flwd`, server.adminKey);
  astromesh = new DialectClient(`${server.url}/compat/astromesh`, server.adminKey);
  flowengine = new DialectClient(`${server.url}/compat/flowengine`, server.adminKey);
  meshflow = new DialectClient(`${server.url}/compat/meshflow`, server.adminKey);
  const waits = [{ id: 'hold on', node_type: 'time.delay', config: { delay_ms: 300_000 } }];
  await flowengine.post('/api/workflows', { id: 'holding', name: 'Holding', nodes: waits }, 201);
  const { status } = await server.api.post('/workflows', {
    name: 'demo/now',
    nodes: [{ id: 'a', type: 'transform.set', config: { values: { x: 1 } } }],
  });
  expect(status).toBe(201);
});
afterAll(async () => {
  await server?.close();
  rmSync(root, { recursive: true, force: true });
});

it('lists the same workflows through every door', async () => {
  const native = await server.api.get<{ data: { name: string }[] }>('/workflows');
  const jobs = await flwd.get<{ jobs: { id: string }[] }>('/api/v1/jobs');
  const workflows = await awf.get<{ body: { workflows: { name: string }[] } }>('/api/workflows');
  const all = native.body.data.map(({ name }) => name).toSorted();
  expect(all).toEqual(['default/hold', 'demo/now', 'flowengine/holding', 'ops/slow']);
  expect(jobs.jobs.map(({ id }) => id).toSorted()).toEqual(all);
  expect(workflows.body.workflows.map(({ name }) => name).toSorted()).toEqual(['demo/now', 'flowengine/holding', 'hold', 'ops/slow']);
  const flows = await flowengine.get<unknown[]>('/api/workflows');
  expect(flows).toHaveLength(all.length);
  expect(flows).toContainEqual({ id: 'holding', name: 'Holding', description: null, nodes: 1, connections: 0 });
  expect(flows).toContainEqual(expect.objectContaining({ name: 'default/hold', nodes: 2, connections: 2 }));
});

it('follows in one system and cancels in another what a third has started', async () => {
  const { run_id } = await flwd.post<{ run_id: string }>('/api/v1/runs', { job_id: 'ops/slow', async: true }, 202);
  const { runs } = await flwd.get<{ runs: { run_id: string }[] }>('/api/v1/runs?job_id=ops/slow');
  expect(runs.map((run) => run.run_id)).toEqual([run_id]);
  const native = await server.api.get<{ data: { id: string; workflow: { name: string } }[] }>('/runs', { query: { workflow: 'ops/slow' } });
  const id = native.body.data[0]?.id ?? '';
  const begun = Promise.withResolvers<void>();
  const followed = awf.events(`/api/executions/${id}/events`, (messages) => {
    if (messages.some(({ event }) => event === 'output')) begun.resolve();
    return false;
  });
  await begun.promise;
  const { status } = await awf.send('DELETE', `/api/executions/${id}`);
  expect(status).toBe(204);
  expect((await followed).at(-1)).toMatchObject({ event: 'workflow.failed', data: { workflow_name: 'ops/slow', status: 'cancelled' } });
  expect(await flwd.get(`/api/v1/runs/${run_id}`)).toMatchObject({ run_id, job_id: 'ops/slow', status: 'cancelled' });
  expect((await server.api.get(`/runs/${id}`)).body).toMatchObject({ id, status: 'cancelled' });
});

it('cancels through flwd what AWF has started', async () => {
  const { body } = await awf.post<{ body: { execution_id: string } }>('/api/workflows/hold/run', { inputs: {} }, 202);
  await flwd.post(`/api/v1/runs/${body.execution_id}/cancel`, undefined, 200);
  const read = (): Promise<{ body: { status: string } }> => awf.get(`/api/executions/${body.execution_id}`);
  await eventually(read, ({ body: { status } }) => status === 'cancelled', 30_000);
  const [last] = (await flwd.events(`/api/v1/events/runs?run_id=${body.execution_id}`)).slice(-1);
  expect(last).toMatchObject({ event: 'run.finished', data: { job_id: 'default/hold', status: 'cancelled' } });
});

it('lists natively an agent that Astromesh has registered, and asks there what was made natively', async () => {
  const model = { primary: { provider: 'scripted', model: 'm', rules: [{ reply: 'Hello' }] } };
  await astromesh.post('/v1/agents', agentDocument('registered', { model }), 201);
  await astromesh.post('/v1/agents/registered/deploy', undefined, 200);
  expect((await server.api.get('/agents/registered')).body).toMatchObject({ status: 'ready', model: 'scripted/m' });
  expect((await server.api.post('/agents', { name: 'native', model })).status).toBe(201);
  const answer = await astromesh.post<{ run_id: string }>('/v1/agents/native/run', { query: 'Hi' }, 200);
  expect(answer).toMatchObject({ response: 'Hello' });
  expect((await server.api.get(`/runs/${answer.run_id}`)).body).toMatchObject({
    kind: 'agent',
    agent: { name: 'native' },
    status: 'success',
  });
  const { data } = (await server.api.get<{ data: { path: string }[] }>(`/runs/${answer.run_id}/steps`)).body;
  expect(data.map(({ path }) => path)).toContain('native/turn-1/model');
});

it('sees in AWF what was asked of an agent of Astromesh, and cancels it there', async () => {
  const model = { primary: { provider: 'scripted', model: 'slow', rules: [{ reply: 'Hello', delay_ms: 60_000 }] } };
  await astromesh.post('/v1/agents', agentDocument('thinks', { model }), 201);
  await astromesh.post('/v1/agents/thinks/deploy', undefined, 200);
  const asked = await DialectSocket.open(`${astromesh.url}/v1/ws/agent/thinks`, server.adminKey);
  asked.socket.send(JSON.stringify({ query: 'Hi' }));
  const executions = async (): Promise<{ execution_id: string; status: string }[]> => {
    const { body } = await awf.get<{ body: { executions: { execution_id: string; workflow_name: string; status: string }[] } }>(
      '/api/executions',
    );
    return body.executions.filter(({ workflow_name: name }) => name === 'thinks');
  };
  const [seen] = await eventually(executions, ([execution]) => execution?.status === 'running');
  expect((await awf.send('DELETE', `/api/executions/${seen?.execution_id}`)).status).toBe(204);
  const frames = await asked.until((all) => all.some(({ type }) => type === 'error'));
  expect(frames.at(-1)).toMatchObject({ type: 'error', code: 'run_cancelled', run_id: seen?.execution_id });
  await asked.close();
});

it('tells in FlowEngine what flwd has started, and cancels in AWF what a client of FlowEngine waits for', async () => {
  const socket = await DialectSocket.open(`${flowengine.url}/api/events`, server.adminKey);
  const first = async (key: string, value: string): Promise<Frame> => {
    const found = (all: readonly Frame[]): Frame | undefined => all.find((frame) => frame[key] === value);
    return found(await socket.until((all) => found(all) !== undefined)) ?? {};
  };
  await flwd.post('/api/v1/runs', { job_id: 'ops/slow', async: true }, 202);
  const line = await first('type', 'NodeEvent');
  expect(line).toMatchObject({ event: { event_type: 'StdoutLine', line: 'on its way' } });
  const executed = flowengine.send('POST', '/api/workflows/holding/execute', { inputs: {} });
  const holding = await first('node_id', 'hold on');
  expect(holding).toMatchObject({ type: 'NodeStarted', node_type: 'time.delay' });
  for (const { execution_id } of [line, holding]) await awf.send('DELETE', `/api/executions/${String(execution_id)}`);
  expect(await executed).toMatchObject({ status: 500, body: { error: 'Execution error: Cancelled' } });
  const ended = (all: readonly Frame[]): Frame[] => all.filter(({ type }) => type === 'WorkflowCompleted');
  expect(ended(await socket.until((all) => ended(all).length === 2))).toMatchObject([{ success: false }, { success: false }]);
  await socket.close();
});

it('shows everywhere what MeshFlow has carried out', async () => {
  const { run_id: id } = await meshflow.post<{ run_id: string }>('/run', { task: 'A simple and quick question' }, 200);
  expect((await server.api.get(`/runs/${id}`)).body).toMatchObject({ status: 'success', workflow: { name: 'meshflow/single' } });
  const { body } = await awf.get<{ body: object }>(`/api/executions/${id}`);
  expect(body).toMatchObject({ execution_id: id, workflow_name: 'meshflow/single', status: 'completed' });
  expect(await flwd.get(`/api/v1/runs/${id}`)).toMatchObject({ job_id: 'meshflow/single', status: 'success' });
});

it('tells in MeshFlow what AWF has started, and its end when flwd cancels it', async () => {
  const { body } = await awf.post<{ body: { execution_id: string } }>('/api/workflows/hold/run', { inputs: {} }, 202);
  const id = body.execution_id;
  const begun = Promise.withResolvers<void>();
  const followed = meshflow.events('/events', (messages) => {
    const own = messages.filter(({ data }) => data['run_id'] === id);
    if (own.some(({ event }) => event === 'workflow_start')) begun.resolve();
    return own.at(-1)?.event === 'workflow_failed';
  });
  await begun.promise;
  await flwd.post(`/api/v1/runs/${id}/cancel`, undefined, 200);
  const told = (await followed).filter(({ data }) => data['run_id'] === id);
  expect(told[0]).toMatchObject({ event: 'workflow_start', data: { data: { workflow: 'default/hold' } } });
  expect(await meshflow.get(`/runs/${id}/summary`)).toMatchObject({ status: 'aborted', workflow: 'default/hold' });
  expect(await meshflow.get(`/graph/${id}`)).toContain('wait --> done');
});

it('decides in MeshFlow what a native workflow asks, for every door', async () => {
  const { status } = await server.api.post('/workflows', {
    name: 'demo/asks',
    nodes: [{ id: 'gate', type: 'control.approval', config: { message: 'Go on?' } }],
  });
  expect(status).toBe(201);
  const started = await server.api.post<{ id: string }>('/workflows/demo%2Fasks/runs', { inputs: {} });
  const { id } = started.body;
  const paused = (): Promise<{ paused_runs: { run_id: string }[] }> => meshflow.get('/hitl/pending');
  await eventually(paused, ({ paused_runs: runs }) => runs.some((run) => run.run_id === id));
  await meshflow.post(`/hitl/${id}/approve`, { notes: 'fine' }, 200);
  const read = async (): Promise<string> => (await server.api.get<{ status: string }>(`/runs/${id}`)).body.status;
  expect(await eventually(read, (now) => now === 'success' || now === 'failed')).toBe('success');
  expect((await server.api.post(`/runs/${id}/reject`, {})).status).toBe(409);
});
