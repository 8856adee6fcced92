import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AgentAnswer, askLater, eventsOf, storeAgent } from '../support/agents.js';
import { startServer, type TestServer } from '../support/index.js';
import { ModelServer } from '../support/model-server.js';
import { eventually, type RunBody } from '../support/runs.js';

/**
 * A provider breaks off in the middle of its answer, the next one goes on, and the process is killed while that one speaks. After
 * the restart a reader who keeps what follows the last taking back has exactly the answer, and both providers' attempts are told.
 */

let first: ModelServer;
let second: ModelServer;
let server: TestServer;

beforeAll(async () => {
  [first, second] = await Promise.all([ModelServer.start(), ModelServer.start()]);
  server = await startServer({ env: { HEDDLE_LEASE_MS: '1000', HEDDLE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(async () => {
  await server?.dispose();
  first?.stop();
  second?.stop();
});

it('what was said in vain is taken back, also over a kill', async () => {
  const price = { price: { input: 1_000, output: 1_000 }, retry: { max_attempts: 1 } };
  await storeAgent(server.api, { name: 'narrator', model: { primary: first.block('a', price), fallback: [second.block('b', price)] } });
  first.reply({ text: 'once upon a time', pieceMs: 60, cutAfter: 4 });
  second.reply({ text: 'it was a dark night', pieceMs: 60, stallAfter: 4 }, { text: 'the end', usage: { input: 10, output: 2 } });
  const id = await askLater(server.api, 'narrator', 'Tell');
  const tokens = async () => (await eventsOf(server.api, id)).filter(({ type }) => type === 'token').map(({ data }) => data);
  await eventually(tokens, (all) => all.findIndex((data) => data['void'] === true) >= 0 && all.at(-1)?.['void'] !== true);
  await server.kill('SIGKILL');
  await server.restart();
  const run = await eventually(
    async () => (await server.api.get<RunBody>(`/runs/${id}`)).body,
    ({ status }) => status === 'success',
    60_000,
  );

  const said = await tokens();
  const lastFence = said.findLastIndex((data) => data['void'] === true);
  expect(
    said
      .slice(lastFence + 1)
      .map((data) => data['text'])
      .join(''),
  ).toBe('the end');
  expect(said.filter((data) => data['void'] === true).length).toBe(3);
  const steps = await server.api.get<{
    data: { path: string; output: { attempts: { model: string; status: string; usage: { cost_usd: number } }[] } }[];
  }>(`/runs/${id}/steps`);
  const attempts = steps.body.data.find(({ path }) => path === 'narrator/turn-1/model')?.output.attempts ?? [];
  expect(attempts.map(({ model, status }) => [model, status])).toEqual([
    ['a', 'failed'],
    ['b', 'success'],
  ]);
  expect((run.outputs as AgentAnswer).usage.cost_usd).toBeCloseTo(
    attempts.reduce((sum, { usage }) => sum + usage.cost_usd, 0),
    9,
  );
});
