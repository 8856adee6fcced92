import { afterAll, beforeAll, expect, it } from 'vitest';
import { askLater, eventsOf, storeAgent } from '../support/agents.js';
import { startServer, type TestServer } from '../support/index.js';
import { ModelServer } from '../support/model-server.js';
import { eventually, type RunBody } from '../support/runs.js';

/**
 * A process is killed while two tools of one turn are at work: one is done, one, another agent, is in the middle of its own
 * second turn. After the restart nothing that was finished is done again, and there is one run of the other agent.
 */

let models: ModelServer;
let workers: ModelServer;
let server: TestServer;

beforeAll(async () => {
  [models, workers] = await Promise.all([ModelServer.start(), ModelServer.start()]);
  server = await startServer({ env: { HEDDLE_LEASE_MS: '1000', HEDDLE_PARK_AFTER_MS: '20', HEDDLE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(async () => {
  await server?.dispose();
  models?.stop();
  workers?.stop();
});

it('goes on where it was', async () => {
  await storeAgent(server.api, { name: 'worker', model: { primary: workers.block('w') }, tools: [{ name: 'note', type: 'client' }] });
  await storeAgent(server.api, {
    name: 'boss',
    model: { primary: models.block('b') },
    tools: [
      { name: 'note', type: 'client' },
      { name: 'worker', type: 'agent' },
    ],
  });
  models.reply({ toolCalls: [{ name: 'note' }, { name: 'worker', input: { query: 'work' } }] }, { text: 'all done' });
  workers.reply({ toolCalls: [{ name: 'note' }] }, { text: 'half', stallAfter: 2 }, { text: 'worked' });
  const id = await askLater(server.api, 'boss', 'Hi');
  await eventually(
    () => Promise.resolve(workers.calls.length),
    (calls) => calls === 2,
  );
  await server.kill('SIGKILL');
  await server.restart();
  const run = await eventually(
    async () => (await server.api.get<RunBody>(`/runs/${id}`)).body,
    ({ status }) => status === 'success',
    60_000,
  );

  expect(run.outputs).toMatchObject({ response: 'all done', tool_calls: [{ tool: 'note' }, { tool: 'worker', output: 'worked' }] });
  expect([models.calls.length, workers.calls.length]).toEqual([2, 3]);
  const children = await server.api.get<{ data: { id: string }[] }>('/runs', { query: { parent: id } });
  expect(children.body.data.length).toBe(1);
  const events = await eventsOf(server.api, id);
  expect(events.filter(({ type, step }) => type === 'step.completed' && step === 'boss/turn-1/tool-1').length).toBe(1);
});
