import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviations, expectedOf, type Observed } from '../../src/engine/testing/graph-model.js';
import { journalFaults } from '../../src/engine/testing/journal-faults.js';
import { randomGraph, type PlannedGraph } from '../../src/engine/testing/random-graph.js';
import { SeededRandom, testSeed } from '../../src/engine/testing/seeded-random.js';
import { PostgresRunStore } from '../../src/modules/runs/store/postgres-run-store.js';
import { ApiClient, realPostgres, type Answer, type RealPostgres } from '../support/index.js';
import { storeWorkflow, type RunBody } from '../support/runs.js';
import { apiOf, startCluster, type Cluster } from './support/cluster.js';
import { answerer, childWorkflow, definitionOf, plainValue } from './support/graph-dialect.js';
import { startTarget, type Target } from './support/target.js';
import { inParallel } from './support/timing.js';

const SEED = testSeed(process.env['HEDDLE_TEST_SEED']);
const GRAPHS = 250;
const AT_ONCE = 24;
/** Kills come this far apart, in milliseconds, for as long as there is work. */
const CALM_MS = [1_200, 3_000] as const;
const TERMINAL = ['success', 'failed', 'cancelled'];
/** Takeover, restarts and retries included, on a busy machine. */
const STUCK_AFTER_MS = 45_000;

let postgres: RealPostgres;
let pool: pg.Pool;
let cluster: Cluster;
let target: Target;

beforeAll(async () => {
  postgres = await realPostgres();
  const databaseUrl = await postgres.createDatabase();
  pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  target = await startTarget(answerer());
  const env = { HEDDLE_LEASE_MS: '1500', HEDDLE_PARK_AFTER_MS: '20', HEDDLE_LOG_LEVEL: 'silent' };
  cluster = await startCluster(postgres, { databaseUrl, nodes: [{}, {}], env });
  await storeWorkflow(apiOf(cluster, 0), childWorkflow(target.url));
});
afterAll(async () => {
  await cluster?.stop();
  await target?.close();
  await pool?.end();
  await postgres?.stop();
});

/** Asks whichever node answers, until one does. Creating something needs a key, so that asking twice does it once. */
async function asked<T>(ask: (api: ApiClient) => Promise<Answer<T>>, random: SeededRandom): Promise<Answer<T>> {
  const giveUpAt = Date.now() + STUCK_AFTER_MS;
  for (let node = random.between(0, 1); ; node += 1) {
    try {
      const answer = await ask(apiOf(cluster, node));
      const later = answer.status >= 500 || (answer.status === 409 && answer.headers.has('retry-after'));
      if (!later) return answer;
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
    }
    if (Date.now() > giveUpAt) throw new Error('no node answers');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Kills one node after the other, each of them while the other goes on. Returns how often, once told to stop. */
function killing(random: SeededRandom): { stop(): Promise<number> } {
  let kills = 0;
  const stopping = new AbortController();
  const work = (async () => {
    while (!stopping.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, random.between(...CALM_MS)));
      if (stopping.signal.aborted) return;
      kills += 1;
      await random.pick(cluster.nodes).restart();
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await work;
      return kills;
    },
  };
}

async function ended(id: string, random: SeededRandom): Promise<RunBody> {
  const giveUpAt = Date.now() + STUCK_AFTER_MS;
  for (;;) {
    const { body } = await asked((api) => api.get<RunBody>(`/runs/${id}`), random);
    if (TERMINAL.includes(body.status)) return body;
    if (Date.now() > giveUpAt) throw new Error(`${id} never ends: ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
}

async function observe(run: RunBody, random: SeededRandom): Promise<Observed> {
  const steps = new Map<string, string>();
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = { limit: 500, ...(cursor === null ? {} : { cursor }) };
    const page = await asked(
      (api) => api.get<{ data: { path: string; status: string }[]; next_cursor: string | null }>(`/runs/${run.id}/steps`, { query }),
      random,
    );
    for (const { path, status } of page.body.data) steps.set(path, status);
    cursor = page.body.next_cursor;
  } while (cursor !== null);
  const { seen = {}, values = {} } = (run.outputs ?? {}) as { seen?: Record<string, unknown>; values?: Record<string, unknown> };
  const error = run.error as { code: string; step?: string } | null;
  return {
    status: run.status,
    // The model knows one kind of trouble, whatever a node type calls it.
    error: error === null ? null : { code: error.code === 'http_status' ? 'trouble' : error.code, step: error.step },
    steps,
    seen,
    values: Object.fromEntries(Object.entries(values).map(([id, value]) => [id, plainValue(value)])),
  };
}

/** Runs one graph and says in what it was not as the model allows. */
async function judge(graph: PlannedGraph, index: number, random: SeededRandom): Promise<string[]> {
  const name = `random/graph-${index}`;
  const stored = await asked(
    (api) => api.post('/workflows', definitionOf(graph, name, target.url, new SeededRandom(SEED + index))),
    random,
  );
  if (stored.status !== 201 && stored.status !== 200) return [`not stored: ${JSON.stringify(stored.body)}`];
  const headers = { 'idempotency-key': randomUUID() };
  const { body } = await asked(
    (api) => api.post<RunBody>(`/workflows/${encodeURIComponent(name)}/runs`, { inputs: { none: 'none' } }, { headers }),
    random,
  );
  let receipt: string | null = null;
  if (random.chance(0.05)) {
    await new Promise((resolve) => setTimeout(resolve, random.between(0, 200)));
    receipt = (await asked((api) => api.post<{ status: string }>(`/runs/${body.id}/cancel`, {}), random)).body.status;
  }
  const observed = await observe(await ended(body.id, random), random);
  const faults = journalFaults((await new PostgresRunStore(pool).loadJournals([body.id])).get(body.id) ?? []);
  if (receipt === 'cancelling' && observed.status !== 'cancelled') faults.push(`was cancelling and ended as ${observed.status}`);
  if (receipt !== null && observed.status === 'cancelled') return faults;
  return [...faults, ...deviations(graph, expectedOf(graph), observed)];
}

describe(`random graphs on two nodes that are killed, seed ${SEED}`, () => {
  it(`${GRAPHS} of them end as the model says`, { timeout: 240_000 }, async () => {
    console.log(`seed ${SEED}: HEDDLE_TEST_SEED=${SEED} repeats it`);
    const planner = new SeededRandom(SEED);
    const graphs = Array.from({ length: GRAPHS }, () => randomGraph(planner));
    const begin = Date.now();
    const killer = killing(new SeededRandom(SEED ^ 0x5eed));
    const outcomes: Record<string, number> = {};
    const faults = await inParallel(GRAPHS, AT_ONCE, async (index) => {
      const graph = graphs[index] as PlannedGraph;
      const found = await judge(graph, index, new SeededRandom(SEED * 31 + index)).catch((error: unknown) => [String(error)]);
      const { status } = expectedOf(graph);
      outcomes[status] = (outcomes[status] ?? 0) + 1;
      return found.length === 0 ? [] : [{ index, found, graph: JSON.stringify(graph) }];
    });
    const kills = await killer.stop();
    console.log(
      `${GRAPHS} graphs (${JSON.stringify(outcomes)} expected), ${target.received.length} effects, ${kills} kills in ${Date.now() - begin} ms`,
    );
    expect({ seed: SEED, faults: faults.flat() }).toEqual({ seed: SEED, faults: [] });
    expect(kills).toBeGreaterThan(0);
    // Children, also those nobody asked about, are over too.
    const live = async (): Promise<number> =>
      (await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM live_runs')).rows[0]?.n ?? -1;
    const giveUpAt = Date.now() + STUCK_AFTER_MS;
    while ((await live()) > 0 && Date.now() < giveUpAt) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await live()).toBe(0);
  });
});
