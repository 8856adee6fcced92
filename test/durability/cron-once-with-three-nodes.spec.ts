import { afterAll, beforeAll, expect, it } from 'vitest';
import pg from 'pg';
import { type Cluster, realPostgres, type RealPostgres, startCluster } from './support/cluster.js';
import type { TestServer } from '../support/index.js';
import { CrashPlan } from '../support/crash-plan.js';
import { eventually, storeWorkflow } from '../support/runs.js';

/**
 * A cron trigger that is due every second, on three nodes. Nodes die between taking a fire and submitting its run, and between
 * submitting it and saying so. Each second must have one run: no second is lost, none has two.
 */

interface Fire {
  readonly fire_key: string;
  readonly run_id: string;
  readonly status: string;
  readonly runs: number;
}

const plan = new CrashPlan();
let postgres: RealPostgres;
let cluster: Cluster;
let database: pg.Client;

beforeAll(async () => {
  postgres = await realPostgres();
  const node = { ...plan.env, HEDDLE_LEASE_MS: '2000' };
  cluster = await startCluster(postgres, { nodes: [node, node, node] });
  database = new pg.Client(cluster.databaseUrl);
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await cluster?.stop();
  await postgres?.stop();
  plan.dispose();
});

async function fires(): Promise<Fire[]> {
  const { rows } = await database.query<Fire>(
    `SELECT f.fire_key, f.run_id, f.status, (SELECT count(*)::int FROM runs r WHERE r.trigger = 'cron' AND r.id = f.run_id) AS runs
     FROM trigger_fires f ORDER BY f.fire_key`,
  );
  return rows;
}

async function countRuns(): Promise<number> {
  const { rows } = await database.query<{ count: number }>(`SELECT count(*)::int FROM runs WHERE trigger = 'cron'`);
  return rows[0]?.count ?? 0;
}

it('each second has one run, whichever node dies when', async () => {
  const [first, second, third] = cluster.nodes as readonly [TestServer, TestServer, TestServer];
  await storeWorkflow(first.api, {
    name: 'durability/tick',
    nodes: [{ id: 'a', type: 'transform.set', config: { values: { at: '{{ inputs.at }}' } } }],
    triggers: [
      {
        kind: 'cron',
        config: { expression: '* * * * * *', overlap: 'allow', catch_up_ms: 600_000 },
        inputs: { at: '{{ trigger.scheduled_at }}' },
      },
    ],
  });
  await eventually(countRuns, (count) => count >= 2);

  for (const [node, point] of [
    [first, 'create.before-commit'],
    [second, 'create.after-commit'],
    [third, 'create.after-commit'],
  ] as const) {
    // Whoever gets the fire: sooner or later it is this node's turn.
    await plan.arm(node, point);
    await plan.reached(node, point);
    await node.ended();
    const before = await countRuns();
    await eventually(countRuns, (count) => count >= before + 1);
    await node.restart();
  }
  // All at once, in the middle of anything.
  await Promise.all(cluster.nodes.map((node) => node.kill('SIGKILL')));
  await Promise.all(cluster.nodes.map((node) => node.restart()));
  const before = await countRuns();
  await eventually(countRuns, (count) => count >= before + 2);
  const [trigger] = (await first.api.get<{ data: { id: string }[] }>('/workflows/durability%2Ftick/triggers')).body.data;
  await first.api.patch(`/triggers/${trigger?.id}`, { enabled: false });

  // What a dead node held comes back when its time is over.
  const all = await eventually(fires, (found) => found.every(({ status }) => status === 'started'), 45_000);
  const seconds = all.map(({ fire_key }) => Date.parse(fire_key) / 1_000);
  expect(seconds).toEqual(seconds.map((_, index) => (seconds[0] ?? 0) + index));
  expect(all.filter(({ runs }) => runs !== 1)).toEqual([]);
  expect(await countRuns()).toBe(all.length);
  const ended = async () =>
    (await database.query<{ open: number }>(`SELECT count(*)::int AS open FROM runs WHERE trigger = 'cron' AND status IS NULL`)).rows[0]
      ?.open;
  await eventually(ended, (open) => open === 0);
  const { rows: told } = await database.query<{ at: string }>(
    `SELECT DISTINCT data -> 'inputs' ->> 'at' AS at FROM run_events WHERE type IN ('run.created', 'run.started') AND data -> 'inputs' ->> 'at' IS NOT NULL`,
  );
  expect(told.map(({ at }) => at).toSorted()).toEqual(all.map(({ fire_key }) => fire_key));
}, 120_000);
