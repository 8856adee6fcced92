import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realPostgres, type ApiClient, type RealPostgres } from '../support/index.js';
import { eventually, storeWorkflow, type EventBody, type RunBody } from '../support/runs.js';
import { apiOf, startCluster, type Cluster } from './support/cluster.js';
import { inParallel } from './support/timing.js';

/**
 * A database whose encoding has no euro sign: it refuses rows that hold one, as any Postgres refuses some rows for what
 * they contain.
 */
const ENCODING = 'LATIN1';
const REFUSED = '€';

let postgres: RealPostgres;
let cluster: Cluster;
let database: pg.Client;

beforeAll(async () => {
  postgres = await realPostgres();
  const databaseUrl = await latinDatabase(await postgres.createDatabase({ migrated: false }));
  database = new pg.Client(databaseUrl);
  await database.connect();
  cluster = await startCluster(postgres, { databaseUrl, nodes: [{}], env: { HEDDLE_JOURNAL_LANES: '1', HEDDLE_LOG_LEVEL: 'silent' } });
  for (const definition of WORKFLOWS) await storeWorkflow(api(), definition);
});
afterAll(async () => {
  await cluster?.stop();
  await database?.end();
  await postgres?.stop();
});

async function latinDatabase(url: string): Promise<string> {
  const latin = new URL(url);
  latin.pathname = `${latin.pathname}_latin`;
  const admin = new pg.Client(url);
  await admin.connect();
  await admin.query(`CREATE DATABASE ${latin.pathname.slice(1)} ENCODING '${ENCODING}' LOCALE 'C' TEMPLATE template0`);
  await admin.end();
  return latin.href;
}

const script = (source: string): object => ({ type: 'code.javascript', config: { source, input: { n: '{{ inputs.n }}' } } });
const ANY_INPUTS = { type: 'object' };
const WORKFLOWS = [
  {
    name: 'poison/healthy',
    inputs: ANY_INPUTS,
    nodes: [
      { id: 'a', type: 'transform.set', config: { values: { n: '{{ inputs.n + 1 }}' } } },
      { id: 'b', needs: ['a'], ...script('return input.n * 2') },
      { id: 'c', needs: ['b'], type: 'transform.set', config: { values: { n: '{{ nodes.a.output.n + nodes.b.output }}' } } },
    ],
    outputs: '{{ nodes.c.output.n }}',
  },
  {
    name: 'poison/effect',
    nodes: [
      { id: 'fine', type: 'transform.set', config: { values: { n: 1 } } },
      { id: 'bad', needs: ['fine'], type: 'code.javascript', config: { source: "return 'price: \\u20ac 3'" } },
      { id: 'after', needs: ['bad'], type: 'transform.set', config: { values: { n: 2 } } },
      { id: 'later', needs: ['after'], type: 'code.javascript', config: { source: 'return 1' } },
    ],
  },
  {
    name: 'poison/pure',
    nodes: [
      { id: 'bad', type: 'transform.json_parse', config: { value: String.raw`"\u20ac"` } },
      { id: 'after', needs: ['bad'], type: 'transform.set', config: { values: { n: 2 } } },
    ],
    outputs: '{{ nodes.after.output }}',
  },
  {
    name: 'poison/parked',
    nodes: [
      { id: 'sleep', type: 'time.delay', config: { delay_ms: 30 } },
      { id: 'bad', needs: ['sleep'], type: 'transform.json_parse', config: { value: String.raw`"\u20ac"` } },
    ],
  },
  {
    name: 'poison/parent',
    nodes: [{ id: 'sub', type: 'workflow.run', config: { workflow: 'poison/effect', fail_on_error: false } }],
    outputs: { status: '{{ nodes.sub.output.status }}', code: '{{ nodes.sub.output.error.code }}' },
  },
];

const api = (): ApiClient => apiOf(cluster, 0);
const start = (workflow: string, body: object = {}): Promise<{ status: number; body: RunBody & { code?: string; detail?: string } }> =>
  api().post(`/workflows/poison%2F${workflow}/runs`, body, { query: { wait: '30s' } });
const events = async (id: string): Promise<EventBody[]> =>
  (await api().get<{ data: EventBody[] }>(`/runs/${id}/events`, { query: { limit: 500 } })).body.data;
const healthy = async (n: number): Promise<void> => {
  const { status, body } = await start('healthy', { inputs: { n } });
  expect({ status, run: body.status, outputs: body.outputs }).toEqual({ status: 200, run: 'success', outputs: 3 * n + 1 });
};

describe('a run whose result the database refuses', () => {
  it.each(['effect', 'pure', 'parked'])('fails alone of all that share its flushes (%s)', async (poison) => {
    const poisoned: RunBody[] = [];
    await inParallel(80, 40, async (index) => {
      if (index % 16 !== 7) return healthy(index);
      const { status, body } = await start(poison);
      expect({ status, run: body.status, code: body.error?.code }).toEqual({ status: 200, run: 'failed', code: 'result_not_storable' });
      poisoned.push(body);
    });
    expect(poisoned).toHaveLength(5);
    for (const { id } of poisoned) {
      const log = await events(id);
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
      expect(log.filter(({ type }) => /^run\.(completed|failed|cancelled)$/.test(type))).toHaveLength(1);
      expect(log.at(-1)).toMatchObject({ type: 'run.failed', data: { error: { code: 'result_not_storable' } } });
      expect(log.some(({ step }) => step === 'later')).toBe(false);
    }
  });

  it('keeps what was committed before, and is not tried again', async () => {
    const { body } = await start('effect');
    const log = await events(body.id);
    expect(log.filter(({ type, step }) => type === 'step.completed' && step === 'fine')).toHaveLength(1);
    expect((await database.query('SELECT 1 FROM live_runs WHERE run_id = $1', [body.id])).rows).toEqual([]);
    expect((await api().get<RunBody>(`/runs/${body.id}`)).body).toMatchObject({ status: 'failed', error: { code: 'result_not_storable' } });
  });

  it('tells its parent how it ended', async () => {
    const { body } = await start('parent');
    expect(body).toMatchObject({ status: 'success', outputs: { status: 'failed', code: 'result_not_storable' } });
  });
});

describe('a run that cannot be created', () => {
  it('is refused alone of all that are created with it', async () => {
    const refused: number[] = [];
    await inParallel(120, 60, async (index) => {
      if (index % 20 !== 3) return healthy(index);
      const { status } = await start('healthy', { inputs: { n: index, note: `${REFUSED} ${index}` } });
      refused.push(status);
    });
    expect(refused).toHaveLength(6);
    // Whose fault it is may be told in more than one way; that nothing was accepted is what counts.
    for (const status of refused) expect(status).toBeGreaterThanOrEqual(400);
    const live = async (): Promise<number> => (await database.query('SELECT 1 FROM live_runs')).rows.length;
    expect(await eventually(live, (count) => count === 0)).toBe(0);
  });
});

describe('a result with characters that JSON allows and Postgres does not look at', () => {
  it.each([
    ['a NUL character', String.raw`return { text: 'a\u0000b', list: ['\u0000'] }`, { text: 'a\0b', list: ['\0'] }],
    ['half a surrogate pair', String.raw`return { text: 'a\ud800b' }`, { text: 'a\ud800b' }],
  ])('is stored and shown: %s', async (what, source, expected) => {
    const name = `poison/${what.replaceAll(' ', '-').toLowerCase()}`;
    const odd = { type: 'code.javascript', config: { source } };
    await storeWorkflow(api(), {
      name,
      nodes: [
        { id: 'odd', ...odd },
        { id: 'each', needs: ['odd'], for_each: { items: [1, 2] }, ...odd },
      ],
      outputs: '{{ nodes.odd.output }}',
    });
    const { status, body } = await api().post<RunBody>(`/workflows/${encodeURIComponent(name)}/runs`, {}, { query: { wait: '30s' } });
    expect({ status, run: body.status, outputs: body.outputs }).toEqual({ status: 200, run: 'success', outputs: expected });
    const shown = await api().get<RunBody>(`/runs/${body.id}`);
    expect({ status: shown.status, outputs: shown.body.outputs }).toEqual({ status: 200, outputs: expected });
    const { data } = (await api().get<{ data: { path: string; output: unknown }[] }>(`/runs/${body.id}/steps`)).body;
    expect(data.find(({ path }) => path === 'odd')?.output).toEqual(expected);
    expect(data.find(({ path }) => path === 'each')?.output).toEqual([expected, expected]);
    expect((await events(body.id)).at(-1)).toMatchObject({ type: 'run.completed', data: { outputs: expected } });
  });

  it('does not hide a run that begins anew because of an error that tells them', async () => {
    await storeWorkflow(api(), {
      name: 'poison/restarts',
      nodes: [{ id: 'bad', type: 'code.javascript', config: { source: String.raw`throw new Error('a\u0000b\ud800')` } }],
      settings: { on_error: 'retry_run', retry: { max_attempts: 2, backoff: 'constant', initial_delay_ms: 3_600_000 } },
    });
    const { body } = await api().post<RunBody>('/workflows/poison%2Frestarts/runs', {});
    const waiting = await eventually(
      () => api().get<RunBody>(`/runs/${body.id}`),
      (shown) => shown.body.status === 'waiting',
    );
    expect(waiting.status).toBe(200);
    const explained = await api().get<{ reasons: { reason: string }[] }>(`/runs/${body.id}/explain`);
    expect(explained).toMatchObject({ status: 200, body: { reasons: [expect.anything()] } });
    expect((await api().post(`/runs/${body.id}/cancel`, {})).status).toBe(202);
  });
});
