import { afterAll, beforeAll, expect, it } from 'vitest';
import { askLater, storeAgent } from '../support/agents.js';
import { startServer, type TestServer } from '../support/index.js';
import { ModelServer } from '../support/model-server.js';
import { eventually, type RunBody } from '../support/runs.js';

/** A call of a tool waits for people's approval while its process dies: it is asked once, and what they edited is what is called. */

let models: ModelServer;
let server: TestServer;

beforeAll(async () => {
  models = await ModelServer.start();
  server = await startServer({ env: { HEDDLE_LEASE_MS: '1000', HEDDLE_PARK_AFTER_MS: '20', HEDDLE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(async () => {
  await server?.dispose();
  models?.stop();
});

it('the approval is still there, and holds', async () => {
  await storeAgent(server.api, {
    name: 'careful',
    model: { primary: models.block('m') },
    tools: [{ name: 'pay', type: 'client', parameters: { amount: { type: 'integer' } } }],
    approvals: [{ tools: ['pay'], editable: ['amount'] }],
  });
  models.reply({ toolCalls: [{ name: 'pay', input: { amount: 900 } }] }, { text: 'paid' });
  const id = await askLater(server.api, 'careful', 'Pay them');
  const pending = async () => (await server.api.get<{ data: { id: string }[] }>('/approvals', { query: { run_id: id } })).body.data;
  const [asked] = await eventually(pending, (approvals) => approvals.length === 1);
  await eventually(
    async () => (await server.api.get<RunBody>(`/runs/${id}`)).body,
    ({ status }) => status === 'waiting',
  );
  await server.kill('SIGKILL');
  await server.restart();

  expect((await pending()).map((approval) => approval.id)).toEqual([asked?.id]);
  expect((await server.api.post(`/runs/${id}/approve`, { edits: { amount: 90 } })).status).toBe(200);
  const run = await eventually(
    async () => (await server.api.get<RunBody>(`/runs/${id}`)).body,
    ({ status }) => status === 'success',
    60_000,
  );
  expect(run.outputs).toMatchObject({ response: 'paid', tool_calls: [{ tool: 'pay', input: { amount: 90 } }] });
  expect(models.calls.length).toBe(2);
});
