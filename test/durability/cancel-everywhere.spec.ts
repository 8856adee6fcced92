import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realPostgres, type ApiClient, type RealPostgres, type TestServer } from '../support/index.js';
import { eventually, runToEnd, storeWorkflow, type EventBody, type RunBody } from '../support/runs.js';
import { apiOf, startCluster, type Cluster } from './support/cluster.js';
import { startTarget, type Received, type Target } from './support/target.js';
import { inParallel, someTime, spread, timed } from './support/timing.js';

const HOUR_MS = 3_600_000;
const TERMINAL = ['success', 'failed', 'cancelled'];
/** From the request to the end of the run and of its work. A cancel that waits for a heartbeat (a third of a lease of 30 s) is late. */
const DEADLINE_MS = 3_000;

interface Receipt {
  readonly status: string;
  readonly stopping?: readonly string[];
}
interface RunDetail extends RunBody {
  readonly worker: string | null;
  readonly started_at: string | null;
}

let postgres: RealPostgres;
let cluster: Cluster;
let target: Target;
const latencies = new Map<string, number[]>();

beforeAll(async () => {
  postgres = await realPostgres();
  target = await startTarget(answer);
  cluster = await startCluster(postgres, {
    nodes: [{}, {}, { HEDDLE_ROLE: 'api' }],
    env: { HEDDLE_PARK_AFTER_MS: '50', HEDDLE_LEASE_MS: '30000' },
  });
  for (const definition of workflows(target.url)) await storeWorkflow(apiOf(cluster, 0), definition);
});
afterAll(async () => {
  for (const [what, durations] of latencies) console.log(`${what}: from cancel to cancelled ${spread(durations)}`);
  await cluster?.stop();
  await target?.close();
  await postgres?.stop();
});

/** `/hang/*` never answers, `/broken` does with 500, everything else after the milliseconds it is asked for. */
function answer(request: Received): void {
  if (request.path === '/broken') request.answer(500);
  else if (!request.path.startsWith('/hang')) setTimeout(() => request.answer(200, { done: true }), Number(request.query.get('ms') ?? 0));
}

function workflows(url: string): object[] {
  const http = (path: string): object => ({ type: 'http.request', config: { url: `${url}${path}`, timeout_ms: HOUR_MS } });
  const child = (workflow: string): object => ({ type: 'workflow.run', config: { workflow, inputs: { name: '{{ inputs.name }}' } } });
  const define = (name: string, nodes: object[], settings: object = {}): object => ({
    name: `cancel/${name}`,
    inputs: { type: 'object' },
    nodes,
    settings,
  });
  return [
    define('http', [
      { id: 'call', ...http('/hang/{{ inputs.name }}') },
      { id: 'after', needs: ['call'], ...http('/after/{{ inputs.name }}') },
    ]),
    define('each', [{ id: 'call', for_each: { items: '{{ range(12) }}', max_parallel: 4 }, ...http('/hang/{{ inputs.name }}') }]),
    define('endless', [{ id: 'spin', type: 'code.javascript', config: { source: 'for (;;);', timeout_ms: 30_000 } }]),
    define('script', [{ id: 'sum', type: 'code.javascript', config: { source: 'return input.n + 1', input: { n: 1 } } }], {}),
    define('delay', [{ id: 'sleep', type: 'time.delay', config: { delay_ms: HOUR_MS } }]),
    define('grandchild', [{ id: 'call', ...http('/hang/{{ inputs.name }}') }]),
    define('child', [{ id: 'sub', ...child('cancel/grandchild') }]),
    define('parent', [
      { id: 'sub', ...child('cancel/child') },
      { id: 'sleep', type: 'time.delay', config: { delay_ms: HOUR_MS } },
    ]),
    define('one-at-a-time', [{ id: 'call', ...http('/hang/{{ inputs.name }}') }], { concurrency: { key: '{{ inputs.name }}', limit: 1 } }),
    define('retrying', [
      {
        id: 'call',
        type: 'http.request',
        config: { url: `${url}/broken`, fail_on_status: true },
        retry: { max_attempts: 3, backoff: 'constant', initial_delay_ms: HOUR_MS },
      },
    ]),
    define('restarting', [{ id: 'call', type: 'control.fail', config: { message: 'again' } }], {
      on_error: 'retry_run',
      retry: { max_attempts: 3, backoff: 'constant', initial_delay_ms: HOUR_MS },
    }),
    define('quick', [{ id: 'call', ...http('/work?ms={{ inputs.ms }}') }]),
    define('quick-parent', [{ id: 'sub', type: 'workflow.run', config: { workflow: 'cancel/quick', inputs: { ms: '{{ inputs.ms }}' } } }]),
  ];
}

const api = (index = 0): ApiClient => apiOf(cluster, index);
const start = async (at: ApiClient, workflow: string, body: object = {}): Promise<string> => {
  const answer = await at.post<RunBody>(`/workflows/cancel%2F${workflow}/runs`, body);
  expect(answer.status).toBe(202);
  return answer.body.id;
};
const run = async (id: string): Promise<RunDetail> => (await api().get<RunDetail>(`/runs/${id}`)).body;
const reached = (id: string, wish: (run: RunDetail) => boolean): Promise<RunDetail> => eventually(() => run(id), wish, 30_000);
const events = async (id: string): Promise<EventBody[]> =>
  (await api().get<{ data: EventBody[] }>(`/runs/${id}/events`, { query: { limit: 500 } })).body.data;
const types = (all: readonly EventBody[], step?: string): string[] => all.filter((event) => event.step === step).map(({ type }) => type);
/** The node that executes a run, and one that does not. */
const nodesOf = async (id: string): Promise<{ holder: TestServer; other: TestServer }> => {
  const { worker } = await reached(id, (now) => cluster.holder(now.worker) !== undefined);
  const holder = cluster.holder(worker) as TestServer;
  return { holder, other: cluster.nodes.slice(0, 2).find((node) => node !== holder) as TestServer };
};

/** Cancels, checks the receipt, and measures until the run is over. */
async function cancel(at: ApiClient, id: string, what: string, stopping: readonly string[]): Promise<void> {
  const [ms] = await timed(
    (async () => {
      const receipt = await at.post<Receipt>(`/runs/${id}/cancel`, { reason: 'enough' });
      expect(receipt).toMatchObject({ status: 202, body: { status: 'cancelling' } });
      expect(receipt.body.stopping?.toSorted()).toEqual(stopping);
      await eventually(
        async () => (await at.get<RunBody>(`/runs/${id}`)).body.status,
        (status) => status === 'cancelled',
        30_000,
      );
    })(),
  );
  latencies.set(what, [...(latencies.get(what) ?? []), ms]);
  expect(ms).toBeLessThan(DEADLINE_MS);
  const log = await events(id);
  expect(log.at(-1)).toMatchObject({ type: 'run.cancelled', data: { reason: 'enough' } });
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  for (const step of stopping) expect(types(log, step).at(-1)).toBe('step.cancelled');
  expect(await at.post(`/runs/${id}/cancel`, {})).toMatchObject({ status: 200, body: { status: 'cancelled' } });
}

let names = 0;
const name = (): string => `n${(names += 1)}`;
const openAt = (path: string, count: number): Promise<number> =>
  eventually(
    async () => target.open(path),
    (open) => open === count,
    DEADLINE_MS,
  );

describe('a run that has not begun', () => {
  it('because of its time, never begins', async () => {
    for (const at of [0, 2]) {
      const id = await start(api(), 'http', { inputs: { name: name() }, run_at: new Date(Date.now() + HOUR_MS).toISOString() });
      await cancel(api(at), id, 'pending, run_at', []);
      expect(types(await events(id))).not.toContain('step.started');
    }
  });

  it('because it queues for its key, never begins, and the one in front is left alone', async () => {
    const key = name();
    const first = await start(api(), 'one-at-a-time', { inputs: { name: key } });
    const second = await start(api(), 'one-at-a-time', { inputs: { name: key } });
    const third = await start(api(), 'one-at-a-time', { inputs: { name: key } });
    await openAt(`/hang/${key}`, 1);
    await reached(first, (now) => now.current_steps.includes('call'));
    await cancel(api(1), second, 'pending, queued', []);
    expect((await run(first)).status).toBe('running');
    expect((await run(third)).status).toBe('pending');
    await cancel(api(1), first, 'running, with a queue', ['call']);
    await reached(third, (now) => now.current_steps.includes('call'));
    await openAt(`/hang/${key}`, 1);
    expect(target.received.filter(({ path }) => path === `/hang/${key}`)).toHaveLength(2);
    await cancel(api(2), third, 'running, asked of an api node', ['call']);
    await openAt(`/hang/${key}`, 0);
  });
});

describe('a run that is under way', () => {
  it.each([
    { where: 'on the node that is asked', pick: (nodes: { holder: TestServer; other: TestServer }) => nodes.holder },
    { where: 'on another node', pick: (nodes: { holder: TestServer; other: TestServer }) => nodes.other },
    { where: 'when an api node is asked', pick: () => cluster.nodes[2] as TestServer },
  ])('$where has its HTTP call aborted', async ({ where, pick }) => {
    for (let round = 0; round < 5; round += 1) {
      const called = name();
      const id = await start(api(round), 'http', { inputs: { name: called } });
      await openAt(`/hang/${called}`, 1);
      const nodes = await nodesOf(id);
      // Another node knows what the journal tells: a step's start is in it once the step has taken a moment.
      await reached(id, (now) => now.current_steps.includes('call'));
      await cancel(pick(nodes).api, id, `running, ${where}`, ['call']);
      await openAt(`/hang/${called}`, 0);
      expect(target.received.filter(({ path }) => path === `/hang/${called}`).map((call) => call.abandoned())).toEqual([true]);
      expect(target.received.filter(({ path }) => path === `/after/${called}`)).toHaveLength(0);
    }
  });

  it('in a fan-out stops all its items and starts no other', async () => {
    const called = name();
    const id = await start(api(), 'each', { inputs: { name: called } });
    await openAt(`/hang/${called}`, 4);
    await reached(id, (now) => now.current_steps.length === 4);
    await cancel(api(1), id, 'in for_each', ['call[0]', 'call[1]', 'call[2]', 'call[3]']);
    await openAt(`/hang/${called}`, 0);
    expect(target.received.filter(({ path }) => path === `/hang/${called}`)).toHaveLength(4);
  });

  it('in an endless script frees the sandbox', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, (_, index) => start(api(index % 2), 'endless')));
    for (const id of ids) await reached(id, (now) => now.current_steps.includes('spin'));
    await Promise.all(ids.map((id, index) => cancel(api(index % 3), id, 'in an endless script', ['spin'])));
    const [ms, result] = await timed(runToEnd(api(0), 'cancel/script'));
    expect(result.outputs).toEqual({ sum: 2 });
    expect(ms).toBeLessThan(DEADLINE_MS);
  });

  it('waiting to try a step, or the whole run, again does not wait it out', async () => {
    const retrying = await start(api(), 'retrying');
    await reached(retrying, ({ status }) => status === 'waiting');
    await cancel(api(1), retrying, 'in a step’s back-off', ['call']);
    const restarting = await start(api(), 'restarting');
    await reached(restarting, ({ status }) => status === 'waiting');
    await cancel(api(1), restarting, 'in a run’s back-off', []);
  });

  it('parked in a delay needs no waking', async () => {
    for (const at of [0, 1, 2]) {
      const id = await start(api(at % 2), 'delay');
      await reached(id, ({ status }) => status === 'waiting');
      await cancel(api(at), id, 'parked', ['sleep']);
    }
  });
});

describe('the children of a run', () => {
  const childOf = async (id: string): Promise<string> => {
    const page = (): Promise<RunBody[]> =>
      api()
        .get<{ data: RunBody[] }>('/runs', { query: { parent: id } })
        .then(({ body }) => body.data);
    return (await eventually(page, (found) => found.length === 1))[0]?.id ?? '';
  };

  it('are cancelled with it, to the last generation', async () => {
    for (let round = 0; round < 3; round += 1) {
      const called = name();
      const id = await start(api(round), 'parent', { inputs: { name: called } });
      const child = await childOf(id);
      const grandchild = await childOf(child);
      await openAt(`/hang/${called}`, 1);
      await reached(child, ({ status }) => status === 'waiting');
      await reached(id, ({ status }) => status === 'waiting');
      const [ms] = await timed(
        (async () => {
          await cancel(api(round), id, 'parked over children', ['sleep', 'sub']);
          for (const other of [child, grandchild]) await reached(other, ({ status }) => status === 'cancelled');
          await openAt(`/hang/${called}`, 0);
        })(),
      );
      latencies.set('down to a grandchild', [...(latencies.get('down to a grandchild') ?? []), ms]);
      expect(ms).toBeLessThan(2 * DEADLINE_MS);
    }
  });

  it('are not left behind, whenever the cancel comes', async () => {
    await inParallel(40, 8, async (index) => {
      const called = name();
      const id = await start(api(index), 'parent', { inputs: { name: called } });
      await someTime(60);
      await api(index + 1).post(`/runs/${id}/cancel`, {});
      await reached(id, ({ status }) => status === 'cancelled');
      const family = async (ids: string[]): Promise<RunBody[]> =>
        (await Promise.all(ids.map((each) => api().get<{ data: RunBody[] }>('/runs', { query: { parent: each } })))).flatMap(
          ({ body }) => body.data,
        );
      const children = await eventually(
        () => family([id]),
        (all) => all.every(({ status }) => status === 'cancelled'),
      );
      const grandchildren = await eventually(
        () => family(children.map((child) => child.id)),
        (all) => all.every(({ status }) => status === 'cancelled'),
      );
      expect(grandchildren.length).toBeLessThanOrEqual(1);
      await openAt(`/hang/${called}`, 0);
    });
  });
});

describe('a cancel that races the end', () => {
  it.each([{ workflow: 'quick' }, { workflow: 'quick-parent' }])('of $workflow answers only what is true', async ({ workflow }) => {
    const outcomes = { accepted: 0, late: 0 };
    const [usual] = await timed(inParallel(12, 6, () => runToEnd(api(), `cancel/${workflow}`, { inputs: { ms: 4 } })));
    await inParallel(120, 6, async (index) => {
      const id = await start(api(index), workflow, { inputs: { ms: index % 9 } });
      await someTime(usual / 2);
      const receipt = await api(index + (index >> 1)).post<Receipt>(`/runs/${id}/cancel`, {});
      const end = await reached(id, ({ status }) => TERMINAL.includes(status));
      if (receipt.status === 202) {
        outcomes.accepted += 1;
        expect({ id, receipt: receipt.body.status, end: end.status }).toEqual({ id, receipt: 'cancelling', end: 'cancelled' });
      } else {
        outcomes.late += 1;
        expect({ id, status: receipt.status, receipt: receipt.body.status, end: end.status }).toEqual({
          id,
          status: 200,
          receipt: 'success',
          end: 'success',
        });
      }
      const ends = types(await events(id)).filter((type) => ['run.completed', 'run.failed', 'run.cancelled'].includes(type));
      expect(ends).toHaveLength(1);
    });
    console.log(`${workflow}: ${outcomes.accepted} cancelled, ${outcomes.late} were over first`);
    expect(outcomes.accepted).toBeGreaterThan(5);
    expect(outcomes.late).toBeGreaterThan(5);
  });
});

describe('without a worker', () => {
  it('an api node cancels what is parked, what is queued and what has not begun', async () => {
    const own = await startCluster(postgres, { nodes: [{}, { HEDDLE_ROLE: 'api' }], env: { HEDDLE_PARK_AFTER_MS: '0' } });
    try {
      const [worker, only] = own.nodes as [TestServer, TestServer];
      for (const definition of workflows(target.url)) await storeWorkflow(worker.api, definition);
      const ids = [
        await start(worker.api, 'delay'),
        await start(worker.api, 'parent', { inputs: { name: name() } }),
        await start(worker.api, 'retrying'),
        await start(worker.api, 'http', { run_at: new Date(Date.now() + HOUR_MS).toISOString() }),
      ];
      const status = async (id: string): Promise<string> => (await only.api.get<RunBody>(`/runs/${id}`)).body.status;
      for (const id of ids.slice(0, 3))
        await eventually(
          () => status(id),
          (now) => now === 'waiting',
        );
      await worker.kill('SIGKILL');
      const ready = await start(only.api, 'http', { inputs: { name: name() } });
      expect(await status(ready)).toBe('pending');
      for (const id of [...ids, ready]) {
        const [ms] = await timed(
          (async () => {
            expect((await only.api.post(`/runs/${id}/cancel`, {})).status).toBe(202);
            await eventually(
              () => status(id),
              (now) => now === 'cancelled',
            );
          })(),
        );
        latencies.set('no worker alive', [...(latencies.get('no worker alive') ?? []), ms]);
        expect(ms).toBeLessThan(DEADLINE_MS);
      }
    } finally {
      await own.stop();
    }
  });
});
