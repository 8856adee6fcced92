import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AgentAnswer, askLater, eventsOf, storeAgent } from '../support/agents.js';
import { startServer, type TestServer } from '../support/index.js';
import { ModelServer } from '../support/model-server.js';
import { eventually, type RunBody } from '../support/runs.js';

/**
 * A process is killed while a model answers the second turn of an agent. The first turn was paid for and is in the journal: it is
 * not asked again. The second is, because nobody knows its answer; what it had streamed is taken back.
 */

let models: ModelServer;
let server: TestServer;

beforeAll(async () => {
  models = await ModelServer.start();
  server = await startServer({ env: { HEDDLE_LEASE_MS: '1000', HEDDLE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(async () => {
  await server?.dispose();
  models?.stop();
});

it('finished turns are not paid again, the open one is made again', async () => {
  await storeAgent(server.api, {
    name: 'paid',
    model: { primary: models.block('m', { price: { input: 1_000, output: 1_000 } }) },
    tools: [{ name: 'lookup', type: 'client' }],
  });
  models.reply(
    { toolCalls: [{ name: 'lookup' }], usage: { input: 100, output: 10 } },
    { text: 'never heard to the end', stallAfter: 3 },
    { text: 'the answer', usage: { input: 200, output: 20 } },
  );
  const id = await askLater(server.api, 'paid', 'Hi');
  await eventually(
    () => eventsOf(server.api, id),
    (events) => events.some(({ type }) => type === 'token'),
  );
  await server.kill('SIGKILL');
  await server.restart();
  const run = await eventually(
    async () => (await server.api.get<RunBody>(`/runs/${id}`)).body,
    ({ status }) => status === 'success',
    60_000,
  );

  expect(models.calls.length).toBe(3);
  const turnsAsked = models.calls.map(({ body }) => body.messages.filter(({ role }) => role === 'assistant').length);
  expect(turnsAsked).toEqual([0, 1, 1]);
  const answer = run.outputs as AgentAnswer;
  expect(answer).toMatchObject({ response: 'the answer', usage: { input_tokens: 300, output_tokens: 30 } });
  expect(answer.usage.cost_usd).toBeCloseTo(0.33, 9);

  const tokens = (await eventsOf(server.api, id)).filter(({ type }) => type === 'token').map(({ data }) => data);
  const fence = tokens.findIndex((data) => data['void'] === true);
  expect(fence).toBeGreaterThan(0);
  expect(tokens[fence]).toMatchObject({ reason: 'interrupted' });
  expect(
    tokens
      .slice(fence + 1)
      .map((data) => data['text'])
      .join(''),
  ).toBe('the answer');
});
