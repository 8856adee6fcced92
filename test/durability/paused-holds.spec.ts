import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, storeWorkflow, type RunBody } from '../support/runs.js';
import { Stage } from '../support/stage.js';
import type { TestServer } from '../support/server.js';

const WORKFLOW = '/workflows/durability%2Fpaused';

let stage: Stage;
let nodes: TestServer[];

beforeAll(async () => {
  stage = await Stage.start({ env: { HEDDLE_LEASE_MS: '1000', HEDDLE_POOL_SIZE: '5' } });
  nodes = await Promise.all([stage.node(), stage.node(), stage.node()]);
  const [first] = nodes as [TestServer, TestServer, TestServer];
  await storeWorkflow(first.api, {
    name: 'durability/paused',
    inputs: { type: 'object', required: ['label'] },
    nodes: [
      { id: 'go', type: 'http.request', config: { method: 'POST', url: `${stage.world.url}/go`, body: { label: '{{ inputs.label }}' } } },
    ],
  });
}, 120_000);
afterAll(() => stage?.stop());

function create(label: string, count: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const node = nodes[n % nodes.length] as TestServer;
      const { status, body } = await node.api.post<RunBody>(`${WORKFLOW}/runs`, { inputs: { label } });
      expect(status).toBe(202);
      return body.id;
    }),
  );
}

const effects = (label: string): number => stage.world.effects.filter((effect) => effect.label === label).length;

it('a pause holds on every node and outlives all of them, and a resume lets go of everything once', async () => {
  const { records } = stage;
  const [first, second, third] = nodes as [TestServer, TestServer, TestServer];
  expect((await first.api.post(`${WORKFLOW}/pause`)).status).toBe(200);
  const ids = await create('held', 30);
  await eventually(
    () => records.runs(),
    (runs) => runs.every(({ state }) => state === 'paused'),
  );
  await second.restart();
  await Promise.all(nodes.map((node) => node.kill('SIGKILL')));
  await Promise.all(nodes.map((node) => node.restart()));
  const more = await create('held', 6);
  await eventually(
    () => records.runs(),
    (runs) => runs.length === 36 && runs.every(({ state }) => state === 'paused'),
  );
  expect(effects('held')).toBe(0);

  expect((await third.api.post(`${WORKFLOW}/resume`)).status).toBe(200);
  await records.ended(30_000, [...ids, ...more]);
  expect(effects('held')).toBe(36);
  expect(await records.faults()).toEqual([]);
}, 120_000);

it('no run is held for ever that is created while the workflow is paused and resumed on other nodes', async () => {
  const { records } = stage;
  const created: Promise<string[]>[] = [];
  for (let round = 0; round < 10; round++) {
    const [pauser, resumer] = [nodes[round % 3], nodes[(round + 1) % 3]] as [TestServer, TestServer];
    const paused = pauser.api.post(`${WORKFLOW}/pause`);
    created.push(create('raced', 9));
    expect((await paused).status).toBe(200);
    created.push(create('raced', 9));
    expect((await resumer.api.post(`${WORKFLOW}/resume`)).status).toBe(200);
  }
  const ids = (await Promise.all(created)).flat();
  await records.ended(30_000, ids);
  expect(effects('raced')).toBe(ids.length);
  expect(await records.query('SELECT * FROM workflow_pauses')).toEqual([]);
  expect(await records.faults()).toEqual([]);
}, 120_000);
