import { afterAll, beforeAll, expect, it } from 'vitest';
import { CrashPlan } from '../support/crash-plan.js';
import { EffectsServer } from '../support/effects-server.js';
import { startServer, type TestServer } from '../support/index.js';
import { eventually, type RunBody, storeWorkflow } from '../support/runs.js';

const plan = new CrashPlan();
let world: EffectsServer;
let server: TestServer;

beforeAll(async () => {
  world = await EffectsServer.start();
  const env = { ...plan.env, HEDDLE_LEASE_MS: '1000', HEDDLE_PARK_AFTER_MS: '20', HEDDLE_EGRESS_ALLOW: '127.0.0.1' };
  server = await startServer({ env });
  await storeWorkflow(server.api, {
    name: 'durability/early',
    nodes: [
      { id: 'act', type: 'http.request', config: { method: 'POST', url: `${world.url}/early`, body: { label: 'early' } } },
      { id: 'first', type: 'control.wait', needs: ['act'], config: { name: 'go' } },
      { id: 'second', type: 'control.wait', needs: ['first'], config: { name: 'go' } },
    ],
    outputs: '{{ [nodes.first.output.payload, nodes.second.output.payload] }}',
  });
});
afterAll(async () => {
  await server?.dispose();
  await world?.stop();
  plan.dispose();
});

async function start(body: object = {}): Promise<string> {
  const answer = await server.api.post<RunBody>('/workflows/durability%2Fearly/runs', body);
  expect(answer.status).toBe(202);
  return answer.body.id;
}

async function signal(run: string, payload: unknown): Promise<void> {
  expect((await server.api.post(`/runs/${run}/signals/go`, payload)).status).toBe(202);
}

async function stands(run: string, wished: string): Promise<RunBody> {
  return eventually(
    async () => (await server.api.get<RunBody>(`/runs/${run}`)).body,
    ({ status }) => status === wished,
    30_000,
  );
}

it('signals to a run that has not started do not start it, and are there for its waits', async () => {
  const run = await start({ run_at: new Date(Date.now() + 3_000).toISOString() });
  await signal(run, 'one');
  await signal(run, 'two');
  expect((await server.api.get<RunBody>(`/runs/${run}`)).body.status).toBe('pending');
  expect((await stands(run, 'success')).outputs).toEqual(['one', 'two']);
});

it('signals that come while an earlier step is under way outlive the death of the server', async () => {
  const gate = world.gate('/early');
  const run = await start();
  await gate.holds(1);
  await signal(run, { n: 1 });
  await signal(run, { n: 2 });
  await server.restart();
  gate.open();
  expect((await stands(run, 'success')).outputs).toEqual([{ n: 1 }, { n: 2 }]);
});

it('a signal that was taken but not written down is taken again, by the same wait', async () => {
  const run = await start();
  await stands(run, 'waiting');
  await plan.arm(server, 'journal.before-commit');
  await server.api.post(`/runs/${run}/signals/go`, 'only').catch(() => null);
  await plan.reached(server, 'journal.before-commit');
  await server.restart();
  await stands(run, 'waiting');
  await signal(run, 'last');
  expect((await stands(run, 'success')).outputs).toEqual(['only', 'last']);
});
