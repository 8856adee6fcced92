import { afterAll, beforeAll, expect, it } from 'vitest';
import { askLater, eventsOf, storeAgent } from '../support/agents.js';
import { ModelServer } from '../support/model-server.js';
import { eventually, type RunBody } from '../support/runs.js';
import { type Cluster, realPostgres, type RealPostgres, startCluster } from './support/cluster.js';

/** A cancel reaches the stream of a model on whichever node it runs: the provider sees the connection close, and nothing is asked again. */

let models: ModelServer;
let postgres: RealPostgres;
let cluster: Cluster;

beforeAll(async () => {
  models = await ModelServer.start();
  postgres = await realPostgres();
  const node = { HEDDLE_EGRESS_ALLOW: '127.0.0.1' };
  cluster = await startCluster(postgres, { nodes: [node, node] });
});
afterAll(async () => {
  await cluster?.stop();
  await postgres?.stop();
  models?.stop();
});

it('asked of another node', async () => {
  const [one, other] = cluster.nodes;
  if (one === undefined || other === undefined) throw new Error('no nodes');
  await storeAgent(one.api, { name: 'endless', model: { primary: models.block('m'), fallback: [models.block('n')] } });
  models.answer(() => ({ text: 'word '.repeat(500), pieceMs: 20 }));
  const id = await askLater(one.api, 'endless', 'Talk');
  await eventually(
    () => eventsOf(one.api, id),
    (events) => events.some(({ type }) => type === 'token'),
  );
  const { status } = await other.api.post(`/runs/${id}/cancel`, {});
  expect(status).toBe(202);
  await eventually(
    () => Promise.resolve(models.calls[0]?.disconnected),
    (gone) => gone === true,
  );
  await eventually(
    async () => (await other.api.get<RunBody>(`/runs/${id}`)).body,
    (run) => run.status === 'cancelled',
  );
  expect(models.calls.length).toBe(1);
});
