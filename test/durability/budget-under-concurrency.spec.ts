import { afterAll, beforeAll, expect, it } from 'vitest';
import pg from 'pg';
import { storeAgent } from '../support/agents.js';
import { ModelServer } from '../support/model-server.js';
import { apiOf, type Cluster, realPostgres, type RealPostgres, startCluster } from './support/cluster.js';

/**
 * Many runs of one agent on three nodes, all at once, under one budget for the day. Each call is reserved before it is made: what
 * was really spent, as the provider counted it, is never more than the budget, and what is refused says so.
 */

const BUDGET = 5_000;
const RUNS = 90;
const USAGE = { input: 90, output: 40 };

let models: ModelServer;
let postgres: RealPostgres;
let cluster: Cluster;

beforeAll(async () => {
  models = await ModelServer.start();
  postgres = await realPostgres();
  const node = { HEDDLE_EGRESS_ALLOW: '127.0.0.1' };
  cluster = await startCluster(postgres, { nodes: [node, node, node] });
});
afterAll(async () => {
  await cluster?.stop();
  await postgres?.stop();
  models?.stop();
});

it('three nodes cannot overspend together', async () => {
  const api = apiOf(cluster, 0);
  await storeAgent(api, {
    name: 'metered',
    instructions: 'x'.repeat(200),
    model: { primary: models.block('m', { parameters: { max_tokens: 40 } }) },
    budget: { agent_day: { tokens: BUDGET } },
  });
  models.answer(() => ({ text: 'ok', delayMs: 20, usage: USAGE }));
  const answers = await Promise.all(
    Array.from({ length: RUNS }, (_, index) =>
      apiOf(cluster, index).post<{ code?: string }>('/agents/metered/run', { query: `question ${index}` }),
    ),
  );
  const statuses = answers.map((answer) => answer.status);
  const succeeded = statuses.filter((status) => status === 200).length;
  expect(statuses.every((status) => status === 200 || status === 429)).toBe(true);
  expect(answers.filter((answer) => answer.status === 429).every((answer) => answer.body.code === 'budget_exceeded')).toBe(true);

  const spent = models.calls.length * (USAGE.input + USAGE.output);
  expect(models.calls.length).toBe(succeeded);
  expect(spent).toBeLessThanOrEqual(BUDGET);
  // Refusals are for lack of room only: once nothing is held, what is left is less than a call needs.
  let later = 0;
  while ((await api.post('/agents/metered/run', { query: 'and now?' })).status === 200) later += 1;
  expect(spent + later * (USAGE.input + USAGE.output)).toBeGreaterThan(BUDGET - 2 * (USAGE.input + USAGE.output));

  const database = new pg.Client(cluster.databaseUrl);
  await database.connect();
  const { rows } = await database.query<{ spent: string; held: string }>(
    `SELECT tokens_spent AS spent, tokens_held AS held FROM agent_budgets WHERE scope = 'agent'`,
  );
  await database.end();
  expect(rows.map(({ spent: told, held }) => [Number(told), Number(held)])).toEqual([[spent + later * (USAGE.input + USAGE.output), 0]]);
});
