import { afterAll, beforeAll, expect, it } from 'vitest';
import { CrashPlan } from '../support/crash-plan.js';
import { eventually, storeWorkflow, type RunBody } from '../support/runs.js';
import { Stage } from '../support/stage.js';
import type { TestServer } from '../support/server.js';

/**
 * Runs of a workflow with a rate, created and started by three nodes that are killed, for a while all of them. By the database's
 * clock, which times the starts, no two of them may be closer than the rate says, and no run is lost.
 */

/** Enough that starts are still due when a slow machine has come to kill nodes. */
const RUNS = 120;
const EVERY_MS = 100;
const BURST = 2;
/** Times of starts are kept in whole milliseconds. */
const ROUNDING_MS = 1;

const plan = new CrashPlan();
let stage: Stage;
let nodes: TestServer[];

beforeAll(async () => {
  stage = await Stage.start({ env: { ...plan.env, HEDDLE_LEASE_MS: '1000', HEDDLE_POOL_SIZE: '5' } });
  nodes = await Promise.all([stage.node(), stage.node(), stage.node()]);
}, 120_000);
afterAll(async () => {
  await stage?.stop();
  plan.dispose();
});

it('starts keep the rate, whichever node dies when', async () => {
  const { records, world } = stage;
  const [first, second, third] = nodes as [TestServer, TestServer, TestServer];
  await storeWorkflow(first.api, {
    name: 'durability/spaced',
    inputs: { type: 'object', required: ['label'] },
    settings: { rate: { limit: 10, per_ms: 10 * EVERY_MS, burst: BURST } },
    nodes: [{ id: 'go', type: 'http.request', config: { method: 'POST', url: `${world.url}/go`, body: { label: '{{ inputs.label }}' } } }],
  });
  const ids = await Promise.all(
    Array.from({ length: RUNS }, async (_, n) => {
      const node = nodes[n % nodes.length] as TestServer;
      return (await node.api.post<RunBody>('/workflows/durability%2Fspaced/runs', { inputs: { label: `run ${n}` } })).body.id;
    }),
  );
  const starts = async (): Promise<number[]> => {
    const rows = await records.query<{ at: Date }>(
      'SELECT coalesce(r.started_at, l.started_at) AS at FROM runs r LEFT JOIN live_runs l ON l.run_id = r.id',
    );
    return rows.flatMap(({ at }) => (at === null ? [] : [at.getTime()])).toSorted((a, b) => a - b);
  };
  const progress = async (runs: number): Promise<void> => {
    const before = (await starts()).length;
    await eventually(starts, (now) => now.length >= Math.min(RUNS, before + runs), 60_000);
  };

  await progress(3);
  await plan.arm(first, 'claim.after-commit');
  await plan.reached(first, 'claim.after-commit');
  await progress(3);
  await second.kill('SIGKILL');
  await progress(3);
  // Nobody is there for a while; what was missed is not made up for.
  await third.kill('SIGKILL');
  await Promise.all(nodes.map((node) => node.restart()));
  await records.ended(90_000, ids);

  let next = -Infinity;
  for (const at of await starts()) {
    expect(at).toBeGreaterThanOrEqual(next - (BURST - 1) * EVERY_MS - 2 * ROUNDING_MS);
    next = Math.max(next, at) + EVERY_MS;
  }
  expect((await records.runs()).filter(({ status }) => status !== 'success')).toEqual([]);
  expect(new Set(world.effects.map(({ label }) => label)).size).toBe(RUNS);
  expect(await records.faults()).toEqual([]);
}, 180_000);
