import { afterAll, beforeAll, expect, it } from 'vitest';
import { CrashPlan } from '../support/crash-plan.js';
import { eventually, storeWorkflow, type RunBody } from '../support/runs.js';
import { Stage } from '../support/stage.js';
import type { TestServer } from '../support/server.js';

/**
 * Many parked runs whose timers are due at once, on three nodes. One node dies with the runs it has just woken, one before the
 * first effect of those it woke: no process dies between an effect and its record, so each timer must have one effect.
 */

const RUNS = 60;

const plan = new CrashPlan();
let stage: Stage;
let nodes: TestServer[];

beforeAll(async () => {
  stage = await Stage.start({ env: { ...plan.env, HEDDLE_LEASE_MS: '2000', HEDDLE_PARK_AFTER_MS: '20', HEDDLE_POOL_SIZE: '5' } });
  nodes = await Promise.all([stage.node(), stage.node(), stage.node()]);
}, 180_000);
afterAll(async () => {
  await stage?.stop();
  plan.dispose();
});

it('each timer fires once, whichever node dies when it is due', async () => {
  const { records, world } = stage;
  const [first, second, third] = nodes as [TestServer, TestServer, TestServer];
  await storeWorkflow(first.api, {
    name: 'durability/timer',
    inputs: { type: 'object', required: ['at', 'label'] },
    nodes: [
      { id: 'wait', type: 'time.until', config: { at: '{{ inputs.at }}' } },
      {
        id: 'fire',
        type: 'http.request',
        needs: ['wait'],
        config: { method: 'POST', url: `${world.url}/fire`, body: { label: '{{ inputs.label }}' } },
      },
    ],
  });
  const due = Date.now() + 30_000;
  const at = new Date(due).toISOString();
  const ids = await Promise.all(
    Array.from({ length: RUNS }, async (_, n) => {
      const node = nodes[n % nodes.length] as TestServer;
      return (await node.api.post<RunBody>('/workflows/durability%2Ftimer/runs', { inputs: { at, label: `timer ${n}` } })).body.id;
    }),
  );
  const parked = (runs: { state: string | null }[]): boolean => runs.length === RUNS && runs.every(({ state }) => state === 'waiting');
  await eventually(() => records.runs(), parked, 15_000);
  // A node that dies while all are parked takes nothing with it.
  const reborn = third.restart();
  await plan.arm(first, 'claim.after-commit');
  await plan.arm(second, 'step.before-execute');
  expect(await records.runs()).toSatisfy(parked);
  expect(world.effects).toEqual([]);
  expect(Date.now()).toBeLessThan(due);

  await reborn;
  await eventually(
    async () => world.effects.length,
    (effects) => effects > 0,
    60_000,
  );
  expect(Date.now()).toBeGreaterThanOrEqual(due);
  await records.ended(60_000, ids);
  expect((await records.runs()).filter(({ status }) => status !== 'success')).toEqual([]);
  expect(world.effects.map(({ label }) => label).toSorted()).toEqual(Array.from({ length: RUNS }, (_, n) => `timer ${n}`).toSorted());
  expect(await records.faults()).toEqual([]);
}, 180_000);
