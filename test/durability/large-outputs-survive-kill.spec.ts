import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, type RunBody, storeWorkflow } from '../support/runs.js';
import { apiOf, type Cluster, realPostgres, type RealPostgres, startCluster } from './support/cluster.js';
import { type Received, startTarget, type Target } from './support/target.js';

const TEXT = 'large '.repeat(200_000);

let postgres: RealPostgres;
let cluster: Cluster;
let target: Target;
const held: Received[] = [];

beforeAll(async () => {
  target = await startTarget((request) => {
    if (request.path === '/large') request.answer(200, { text: TEXT });
    else held.push(request);
  });
  postgres = await realPostgres();
  cluster = await startCluster(postgres, { nodes: [{}, {}], env: { HEDDLE_LEASE_MS: '1000' } });
});
afterAll(async () => {
  await cluster?.stop();
  await postgres?.stop();
  await target?.close();
});

it('a large output outlives the process that made it, and is not made again', { timeout: 240_000 }, async () => {
  const { id: workflow } = await storeWorkflow(apiOf(cluster, 0), {
    name: 'durability/large',
    nodes: [
      { id: 'fetch', type: 'http.request', config: { url: `${target.url}/large` } },
      { id: 'hold', type: 'http.request', needs: ['fetch'], config: { url: `${target.url}/hold` } },
      {
        id: 'measure',
        type: 'transform.set',
        needs: ['hold', 'fetch'],
        config: { values: { size: '{{ nodes.fetch.output.body.text.size() }}' } },
      },
    ],
    outputs: { size: '{{ nodes.measure.output.size }}', text: '{{ nodes.fetch.output.body.text }}' },
  });
  const { id: run } = (await apiOf(cluster, 0).post<RunBody>(`/workflows/${workflow}/runs`, {})).body;
  await eventually(
    () => Promise.resolve(held),
    (requests) => requests.length > 0,
    60_000,
  );
  const { worker } = (await apiOf(cluster, 0).get<RunBody & { worker: string | null }>(`/runs/${run}`)).body;
  const victim = cluster.holder(worker);
  const survivor = cluster.nodes.find((node) => node !== victim);
  if (victim === undefined || survivor === undefined) throw new Error('nobody holds the run');
  await victim.kill('SIGKILL');
  await eventually(
    () => Promise.resolve(held),
    (requests) => requests.length > 1,
    60_000,
  );
  for (const request of held) request.answer(200, {});
  const ended = await eventually(
    async () => (await survivor.api.get<RunBody>(`/runs/${run}`)).body,
    ({ status }) => status === 'success' || status === 'failed',
    60_000,
  );
  expect(ended).toMatchObject({ status: 'success', outputs: { size: TEXT.length, text: TEXT } });
  expect(target.received.filter(({ path }) => path === '/large')).toHaveLength(1);
  const events = await survivor.api.get<{ data: { data: { output_ref?: { id: string; sha256: string } } }[] }>(`/runs/${run}/events`);
  const refs = events.body.data.flatMap(({ data }) => data.output_ref ?? []);
  expect(refs).toHaveLength(2);
  for (const ref of refs) {
    const file = await survivor.api.open('GET', `/artifacts/${ref.id}`);
    expect(
      createHash('sha256')
        .update(Buffer.from(await file.arrayBuffer()))
        .digest('hex'),
    ).toBe(ref.sha256);
  }
});
