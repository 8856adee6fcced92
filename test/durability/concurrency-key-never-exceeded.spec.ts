import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, storeWorkflow, type RunBody } from '../support/runs.js';
import { Stage } from '../support/stage.js';
import type { TestServer } from '../support/server.js';

/**
 * Runs of one concurrency key on three nodes that are killed and stopped. The outside world counts how many runs are in it at a
 * time: those with a call that it has not answered and whose connection stands. A killed node's calls end with it; one that is
 * only stopped keeps its call open while another node makes it anew: that is the same run twice, which counts as one.
 */

const RUNS = 40;
const LIMIT = 3;

let stage: Stage;
let nodes: TestServer[];

beforeAll(async () => {
  stage = await Stage.start({ env: { HEDDLE_LEASE_MS: '1000', HEDDLE_POOL_SIZE: '5' } });
  nodes = await Promise.all([stage.node(), stage.node(), stage.node()]);
}, 120_000);
afterAll(() => stage?.stop());

it('no more runs than the limit are at work at any time, whichever node dies when', async () => {
  const { records, world } = stage;
  const [first, second, third] = nodes as [TestServer, TestServer, TestServer];
  world.slow('/work', 100);
  await storeWorkflow(first.api, {
    name: 'durability/keyed',
    inputs: { type: 'object', required: ['label'] },
    settings: { concurrency: { key: 'shared', limit: LIMIT, on_conflict: 'queue' } },
    nodes: [
      { id: 'work', type: 'http.request', config: { method: 'POST', url: `${world.url}/work`, body: { label: '{{ inputs.label }}' } } },
    ],
  });
  const ids = await Promise.all(
    Array.from({ length: RUNS }, async (_, n) => {
      const node = nodes[n % nodes.length] as TestServer;
      return (await node.api.post<RunBody>('/workflows/durability%2Fkeyed/runs', { inputs: { label: `run ${n}` } })).body.id;
    }),
  );
  const over = async (): Promise<number> => (await records.runs()).filter(({ status }) => status !== null).length;
  const progress = async (runs: number): Promise<void> => {
    const before = await over();
    await eventually(over, (now) => now >= Math.min(RUNS, before + runs), 60_000);
  };

  await progress(2);
  for (const node of [first, second, third]) {
    await node.kill('SIGKILL');
    await progress(2);
    await node.restart();
  }
  process.kill(second.pid, 'SIGSTOP');
  await progress(3);
  process.kill(second.pid, 'SIGCONT');
  await Promise.all(nodes.map((node) => node.kill('SIGKILL')));
  await Promise.all(nodes.map((node) => node.restart()));
  await records.ended(90_000, ids);

  expect(world.peak('/work')).toBe(LIMIT);
  expect((await records.runs()).filter(({ status }) => status !== 'success')).toEqual([]);
  expect(new Set(world.effects.map(({ label }) => label)).size).toBe(RUNS);
  expect(await records.faults()).toEqual([]);
}, 180_000);
