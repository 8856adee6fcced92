import { afterAll, beforeAll, expect, it } from 'vitest';
import pg from 'pg';
import { HookReceiver } from '../support/hook-receiver.js';
import type { TestServer } from '../support/index.js';
import { eventually, type RunBody, storeWorkflow } from '../support/runs.js';
import { type Cluster, realPostgres, type RealPostgres, startCluster } from './support/cluster.js';

/**
 * Three nodes take runs and tell a webhook of their ends, while one after the other is killed. Every end that is in the journal
 * must be in the outbox once, no more and no less, and must have reached the receiver, as often as it likes but under one id.
 */

const WAVES = 4;
const RUNS_PER_WAVE = 25;

let postgres: RealPostgres;
let cluster: Cluster;
let database: pg.Client;
let outside: HookReceiver;

beforeAll(async () => {
  [postgres, outside] = await Promise.all([realPostgres(), HookReceiver.start()]);
  cluster = await startCluster(postgres, { nodes: [{}, {}, {}], env: { HEDDLE_LEASE_MS: '1500' } });
  database = new pg.Client(cluster.databaseUrl);
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await cluster?.stop();
  await postgres?.stop();
  outside?.stop();
});

async function numbers<T extends object>(text: string): Promise<T> {
  const { rows } = await database.query<T & pg.QueryResultRow>(text);
  return rows[0] as T;
}

async function startRuns(node: TestServer, count: number): Promise<string[]> {
  const answers = await Promise.all(
    Array.from({ length: count }, () =>
      node.api.post<RunBody>('/workflows/durability%2Fquick/runs', {}).then(
        ({ status, body }) => (status === 202 ? [body.id] : []),
        // The node died before it answered: nothing is promised.
        () => [],
      ),
    ),
  );
  return answers.flat();
}

it('every accepted end of a run is told once, whoever dies', async () => {
  const [first] = cluster.nodes as readonly [TestServer];
  await storeWorkflow(first.api, {
    name: 'durability/quick',
    nodes: [
      { id: 'a', type: 'transform.set', config: { values: { n: 1 } } },
      { id: 'b', type: 'debug.log', needs: ['a'], config: { message: 'b' } },
    ],
  });
  const { body: webhook } = await first.api.post<{ id: string }>('/webhooks', { url: `${outside.url}/ends` });

  const accepted: string[] = [];
  for (let wave = 0; wave < WAVES; wave += 1) {
    const victim = cluster.nodes[wave % cluster.nodes.length] as TestServer;
    const started = Promise.all(cluster.nodes.map((node) => startRuns(node, RUNS_PER_WAVE)));
    const heard = outside.messages.length;
    // In the middle of telling: some of this wave are out.
    await eventually(
      async () => outside.messages.length,
      (count) => count >= heard + 5,
      30_000,
    );
    await victim.kill('SIGKILL');
    accepted.push(...(await started).flat());
    await victim.restart();
  }
  expect(accepted.length).toBeGreaterThan((WAVES * RUNS_PER_WAVE * cluster.nodes.length) / 3);

  const open = () => numbers<{ open: number }>('SELECT count(*)::int AS open FROM runs WHERE status IS NULL');
  await eventually(open, (row) => row.open === 0, 30_000);
  const missing = () =>
    numbers<{ missing: number }>(
      `SELECT count(*)::int AS missing FROM run_events e WHERE e.type IN ('run.completed', 'run.failed', 'run.cancelled')
       AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.message_id = 'evt_' || e.run_id || '_' || e.seq AND d.status = 'delivered')`,
    );
  await eventually(missing, (row) => row.missing === 0, 45_000);

  const ended = await numbers<{ runs: number }>('SELECT count(*)::int AS runs FROM runs');
  const told = await numbers<{ deliveries: number; runs: number }>(
    'SELECT count(*)::int AS deliveries, count(DISTINCT run_id)::int AS runs FROM webhook_deliveries',
  );
  expect(told).toEqual({ deliveries: ended.runs, runs: ended.runs });
  const heard = new Set(outside.messages.map(({ body }) => (JSON.parse(body) as { data: { run_id: string } }).data.run_id));
  expect(heard.size).toBe(ended.runs);
  expect(accepted.filter((id) => !heard.has(id))).toEqual([]);
  expect(new Set(outside.messages.map(({ id }) => id)).size).toBe(ended.runs);
  expect((await first.api.get(`/webhooks/${webhook.id}`)).body).toMatchObject({ enabled: true, failing_since: null });
}, 120_000);
