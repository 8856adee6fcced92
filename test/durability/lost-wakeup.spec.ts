import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { onCrashPoint, type NodeDefinition, type RunStore, type StoredDefinition } from '../../src/engine/index.js';
import { EngineHarness } from '../../src/engine/testing/engine-harness.js';
import { PostgresRunStore } from '../../src/modules/runs/store/postgres-run-store.js';
import { realPostgres, type RealPostgres } from '../support/index.js';
import { eventually, storeWorkflow, type RunBody } from '../support/runs.js';
import { apiOf, startCluster, type Cluster } from './support/cluster.js';
import { startTarget, type Received, type Target } from './support/target.js';
import { inParallel, someTime, spread, timed } from './support/timing.js';
import { parkedIn, watched, type WriteWatch } from './support/watched-store.js';

const tenant = 'default';
const HOUR_MS = 3_600_000;
/** Far beyond what any of this takes: only a run that sleeps through its wake-up meets it. */
const ASLEEP_AFTER_MS = 20_000;

let postgres: RealPostgres;
let pool: pg.Pool;
const harnesses: EngineHarness[] = [];

beforeAll(async () => {
  postgres = await realPostgres();
  pool = new pg.Pool({ connectionString: await postgres.createDatabase(), max: 12 });
});
afterEach(async () => {
  onCrashPoint(null);
  for (const { engine } of harnesses.splice(0)) {
    engine.kill();
    await engine.stop();
  }
});
afterAll(async () => {
  await pool?.end();
  await postgres?.stop();
});

/** Engines on one database. Without a poll, only pushes make a run go on. */
function engines(
  count: number,
  options: { parkAfterMs: number; pollMs: number },
  watch: WriteWatch = {},
): [EngineHarness, ...EngineHarness[]] {
  const started = Array.from({ length: count }, () => {
    const store: RunStore = watched(new PostgresRunStore(pool), watch);
    return new EngineHarness(store, { ...options, leaseMs: 600_000 });
  });
  for (const harness of started) harness.engine.start();
  harnesses.push(...started);
  return started as [EngineHarness, ...EngineHarness[]];
}

function define(nodes: EngineHarness[], graph: NodeDefinition[], more: Parameters<EngineHarness['define']>[1] = {}): StoredDefinition {
  const [first, ...others] = nodes as [EngineHarness, ...EngineHarness[]];
  const definition = first.define(graph, more);
  for (const other of others) other.adopt(definition);
  return definition;
}

interface Outcome {
  readonly status: string;
  readonly parked: boolean;
}

/** How the run ended; fails with what the database knows of it when it sleeps. */
async function outcome(harness: EngineHarness, runId: string): Promise<Outcome> {
  const giveUpAt = Date.now() + ASLEEP_AFTER_MS;
  for (;;) {
    const { rows } = await pool.query<{ status: string | null }>('SELECT status FROM runs WHERE id = $1', [runId]);
    const journal = rows[0]?.status == null ? [] : ((await harness.store.loadJournals([runId])).get(runId) ?? []);
    if (rows[0]?.status != null) return { status: rows[0].status, parked: journal.some(({ type }) => type === 'run.waiting') };
    if (Date.now() > giveUpAt) {
      const live = await pool.query('SELECT state, wake_at, owner, wakes, cancel_requested_at FROM live_runs WHERE run_id = $1', [runId]);
      const types = ((await harness.store.loadJournals([runId])).get(runId) ?? []).map(({ type, step }) => `${type} ${step ?? ''}`);
      throw new Error(`${runId} sleeps: ${JSON.stringify(live.rows)} ${types.join(', ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
}

/** What a run may be waiting for when it parks, and how that comes. */
interface Race {
  readonly graph: NodeDefinition[];
  readonly expected: string;
  /** Whether the wake-up is somebody's act; the others come by themselves. */
  readonly wake?: (harness: EngineHarness, runId: string) => Promise<unknown>;
}

const RACES: Record<string, Race> = {
  'a child’s end': { graph: [{ id: 'a', type: 't.child', config: { workflow: 'race/child' } }], expected: 'success' },
  'a timer': { graph: [{ id: 'a', type: 't.sleep', config: { ms: '{{ inputs.ms }}' } }], expected: 'success' },
  'a signal': {
    graph: [{ id: 'a', type: 't.signal', config: { name: 'go' } }],
    expected: 'success',
    wake: ({ engine }, runId) => engine.signal({ tenant, runId, name: 'go', payload: null }),
  },
  'a cancel': {
    graph: [{ id: 'a', type: 't.sleep', config: { ms: HOUR_MS } }],
    expected: 'cancelled',
    wake: ({ engine }, runId) => engine.cancel({ tenant, runId, reason: null }),
  },
  'all of them': {
    graph: [
      { id: 'a', type: 't.signal', config: { name: 'go' } },
      { id: 'b', type: 't.child', config: { workflow: 'race/child' } },
      { id: 'c', type: 't.sleep', config: { ms: '{{ inputs.ms }}' } },
      { id: 'd', type: 't.signal', needs: ['c'], config: { name: 'go' } },
    ],
    expected: 'success',
    wake: async ({ engine }, runId) => {
      await engine.signal({ tenant, runId, name: 'go', payload: null });
      await someTime(4);
      await engine.signal({ tenant, runId, name: 'go', payload: null });
    },
  },
};

/** A child that takes a moment, sometimes in memory, sometimes parked. */
const CHILD: NodeDefinition[] = [
  { id: 'x', type: 't.do', config: { do: 'a moment' } },
  { id: 'y', type: 't.sleep', needs: ['x'], config: { ms: 1 } },
];

function defineChild(nodes: EngineHarness[]): void {
  for (const { behaviours } of nodes) {
    behaviours.set('a moment', async () => {
      await someTime(4);
      return null;
    });
  }
  define(nodes, CHILD, { name: 'race/child' });
}

describe.each([
  { where: 'one node, nothing but pushes', count: 1, pollMs: 600_000 },
  { where: 'two nodes', count: 2, pollMs: 25 },
])('on $where, wake-ups race the park:', ({ count, pollMs }) => {
  it.each(Object.entries(RACES))('%s', async (_, { graph, expected, wake }) => {
    let parked = 0;
    const durations: number[] = [];
    for (const parkAfterMs of [0, 1, 2]) {
      const nodes = engines(count, { parkAfterMs, pollMs });
      defineChild(nodes);
      const definition = define(nodes, graph);
      const results = await inParallel(70, 10, async (index) => {
        const [here, there] = [nodes[index % count], nodes[(index + (index >> 1)) % count]] as [EngineHarness, EngineHarness];
        const runId = await here.submit(definition, { inputs: { ms: index % 7 } });
        if (wake !== undefined) {
          await someTime(8);
          await wake(there, runId);
        }
        return await timed(outcome(here, runId));
      });
      for (const [ms, result] of results) {
        expect(result.status).toBe(expected);
        durations.push(ms);
        if (result.parked) parked += 1;
      }
      for (const { engine } of nodes) engine.kill();
    }
    console.log(`${parked} of ${durations.length} parked; from wake-up to end ${spread(durations)}`);
    // Both sides of the race were met.
    expect(parked).toBeGreaterThan(5);
  });
});

describe.each(['before', 'after'] as const)('while a park is held just %s its commit,', (moment) => {
  it.each([
    { count: 1, pollMs: 600_000, by: 'the same node' },
    { count: 2, pollMs: 25, by: 'the other node' },
  ])('a signal or a cancel committed by $by is not slept through', async ({ count, pollMs }) => {
    for (const race of ['a signal', 'a cancel']) {
      const { graph, expected, wake } = RACES[race] as Race;
      const acts = new Map<string, Promise<unknown>>();
      const act = async (writes: Parameters<NonNullable<WriteWatch['before']>>[0]): Promise<void> => {
        const runId = parkedIn(writes);
        if (runId === undefined || acts.has(runId)) return;
        acts.set(runId, wake?.(nodes.at(-1) as EngineHarness, runId) ?? Promise.resolve());
        await acts.get(runId);
      };
      const nodes = engines(count, { parkAfterMs: 0, pollMs }, { [moment]: act });
      const definition = define(nodes, graph);
      for (let round = 0; round < 25; round += 1) {
        const result = await outcome(nodes[0], await nodes[0].submit(definition));
        expect(result).toEqual({ status: expected, parked: true });
      }
      expect(acts.size).toBe(25);
      for (const { engine } of nodes) engine.kill();
    }
  });

  it('the end of a child on the other node is not slept through', async () => {
    const release = new Map<string, () => void>();
    const store = new PostgresRunStore(pool);
    const watch: WriteWatch = {
      [moment]: async (writes: Parameters<NonNullable<WriteWatch['before']>>[0]) => {
        const runId = parkedIn(writes);
        if (runId === undefined) return;
        const child = (await eventually(
          async () => (await pool.query<{ id: string }>('SELECT id FROM runs WHERE parent_run_id = $1', [runId])).rows[0]?.id,
          (id) => id !== undefined && release.has(id),
          ASLEEP_AFTER_MS,
        )) as string;
        release.get(child)?.();
        await eventually(
          async () => (await store.loadJournals([child])).get(child)?.at(-1)?.type,
          (type) => type === 'run.completed',
        );
      },
    };
    // The parent fills its node, so the child is the other one's.
    const parents = new EngineHarness(watched(store, watch), { parkAfterMs: 0, pollMs: 600_000, leaseMs: 600_000, concurrency: 1 });
    const children = new EngineHarness(store, { parkAfterMs: 0, pollMs: 25, leaseMs: 600_000 });
    harnesses.push(parents, children);
    children.behaviours.set('gate', async (call) => {
      await new Promise<void>((resolve) => release.set(call.run.id, resolve));
      return null;
    });
    define([parents, children], [{ id: 'x', type: 't.do', config: { do: 'gate' } }], { name: 'race/gated' });
    const definition = define([parents, children], [{ id: 'a', type: 't.child', config: { workflow: 'race/gated' } }]);
    parents.engine.start();
    children.engine.start();
    for (let round = 0; round < 10; round += 1) {
      // A parent handed to a full node would be the other node's, where nobody opens the gate.
      await eventually(
        async () => parents.engine.held,
        (held) => held === 0,
      );
      expect(await outcome(parents, await parents.submit(definition))).toEqual({ status: 'success', parked: true });
    }
  });
});

describe('at the very moment a park is sent,', () => {
  it.each(['park.before-commit', 'park.after-commit'] as const)('wake-ups that set out at %s arrive', async (point) => {
    const { graph, wake } = RACES['a signal'] as Race;
    const [harness] = engines(1, { parkAfterMs: 0, pollMs: 600_000 });
    const definition = define([harness], graph);
    let sent = 0;
    for (let round = 0; round < 80; round += 1) {
      let runId = '';
      let due = true;
      onCrashPoint((reached) => {
        if (reached !== point || !due) return;
        due = false;
        sent += 1;
        void (round % 2 === 0 ? wake?.(harness, runId) : harness.engine.cancel({ tenant, runId, reason: null }));
      });
      runId = await harness.submit(definition);
      expect((await outcome(harness, runId)).status).toBe(round % 2 === 0 ? 'success' : 'cancelled');
    }
    expect(sent).toBe(80);
  });
});

const PAUSE = join(import.meta.dirname, 'fixtures', 'stop-at-crash-point.mjs');

describe('two server processes', () => {
  let cluster: Cluster;
  let target: Target;
  const held: Received[] = [];

  beforeAll(async () => {
    target = await startTarget((request) => void (request.path === '/hold' ? held.push(request) : request.answer(200)));
  });
  afterEach(async () => cluster?.stop());
  afterAll(async () => target?.close());

  const stopped = (pid: number): boolean => /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const status = async (index: number, id: string): Promise<string> =>
    (await apiOf(cluster, index).get<RunBody>(`/runs/${id}`)).body.status;
  const start = async (index: number, workflow: string, inputs: object = {}): Promise<string> =>
    (await apiOf(cluster, index).post<RunBody>(`/workflows/${encodeURIComponent(workflow)}/runs`, { inputs })).body.id;

  it('lose nothing when every wait is parked at once', async () => {
    cluster = await startCluster(postgres, { nodes: [{}, {}], env: { HEDDLE_PARK_AFTER_MS: '0' } });
    const api = apiOf(cluster, 0);
    await storeWorkflow(api, {
      name: 'race/moment',
      nodes: [{ id: 'x', type: 'time.delay', config: { delay_ms: '{{ inputs.ms }}' } }],
      inputs: { type: 'object' },
    });
    await storeWorkflow(api, {
      name: 'race/parent',
      inputs: { type: 'object' },
      nodes: [
        { id: 'a', type: 'workflow.run', config: { workflow: 'race/moment', inputs: { ms: '{{ inputs.ms }}' } } },
        { id: 'b', type: 'time.delay', config: { delay_ms: '{{ inputs.ms }}' } },
        { id: 'c', type: 'workflow.run', needs: ['a', 'b'], config: { workflow: 'race/moment', inputs: { ms: 0 } } },
      ],
    });
    await storeWorkflow(api, { name: 'race/long', nodes: [{ id: 'x', type: 'time.delay', config: { delay_ms: HOUR_MS } }] });
    const durations = await inParallel(160, 8, async (index) => {
      const cancelled = index % 4 === 0;
      const id = await start(index, cancelled ? 'race/long' : 'race/parent', cancelled ? {} : { ms: index % 5 });
      if (cancelled) {
        await someTime(12);
        expect((await apiOf(cluster, index + (index >> 2)).post(`/runs/${id}/cancel`, {})).status).toBe(202);
      }
      const [ms, end] = await timed(
        eventually(
          () => status(index + 1, id),
          (now) => ['success', 'failed', 'cancelled'].includes(now),
          ASLEEP_AFTER_MS,
        ),
      );
      expect(end).toBe(cancelled ? 'cancelled' : 'success');
      return ms;
    });
    console.log(`two processes: to the end ${spread(durations)}`);
  });

  it.each(['park.before-commit', 'park.after-commit'])(
    'a node that freezes at %s wakes up to a cancel and to a child’s end',
    async (point) => {
      cluster = await startCluster(postgres, {
        nodes: [{ NODE_OPTIONS: `--import=${PAUSE}`, STOP_AT: `${point}@2`, HEDDLE_WORKER_CONCURRENCY: '1' }, {}],
        env: { HEDDLE_PARK_AFTER_MS: '0', HEDDLE_LEASE_MS: '60000' },
      });
      const [frozen] = cluster.nodes as [Cluster['nodes'][number]];
      const other = apiOf(cluster, 1);
      await storeWorkflow(other, { name: 'freeze/long', nodes: [{ id: 'x', type: 'time.delay', config: { delay_ms: HOUR_MS } }] });
      await storeWorkflow(other, {
        name: 'freeze/child',
        nodes: [{ id: 'x', type: 'http.request', config: { url: `${target.url}/hold` } }],
      });
      await storeWorkflow(other, {
        name: 'freeze/parent',
        nodes: [{ id: 'a', type: 'workflow.run', config: { workflow: 'freeze/child' } }],
      });

      const cancelled = await start(0, 'freeze/long');
      await eventually(
        async () => stopped(frozen.pid),
        (is) => is,
      );
      expect((await other.post(`/runs/${cancelled}/cancel`, {})).status).toBe(202);
      process.kill(frozen.pid, 'SIGCONT');
      const [untilCancelled] = await timed(
        eventually(
          () => status(1, cancelled),
          (now) => now === 'cancelled',
        ),
      );

      const parent = await start(0, 'freeze/parent');
      await eventually(
        async () => stopped(frozen.pid),
        (is) => is,
      );
      // The child may have been put to sleep with its node: then it answers once both go on.
      await eventually(
        async () => held.length,
        (count) => count > 0,
      );
      held.pop()?.answer(200);
      const [child] = (await other.get<{ data: RunBody[] }>('/runs', { query: { parent } })).body.data;
      await eventually(
        () => status(1, child?.id ?? ''),
        (now) => now === 'success',
      );
      process.kill(frozen.pid, 'SIGCONT');
      const [untilWoken] = await timed(
        eventually(
          () => status(1, parent),
          (now) => now === 'success',
        ),
      );
      console.log(`${point}: cancelled ${Math.round(untilCancelled)} ms, woken ${Math.round(untilWoken)} ms after the node went on`);
    },
  );
});
