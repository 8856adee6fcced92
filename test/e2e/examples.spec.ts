import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, startApp, type TestApp } from '../support/index.js';
import { eventually, runToEnd } from '../support/runs.js';

const DIRECTORY = join(import.meta.dirname, '..', '..', 'examples', 'workflows');
const AGENTS = join(import.meta.dirname, '..', '..', 'examples', 'agents');
const FILES = readdirSync(DIRECTORY).filter((file) => file.endsWith('.yaml'));

interface Stored {
  name: string;
  warnings: unknown[];
}
interface Run {
  id: string;
  status: string;
  outputs: Record<string, unknown>;
  error: unknown;
}

let server: TestApp;

beforeAll(async () => {
  server = await startApp({ env: { HEDDLE_EGRESS_ALLOW: '127.0.0.1', HEDDLE_SHELL: 'all' } });
  for (const file of readdirSync(AGENTS)) {
    const raw = readFileSync(join(AGENTS, file), 'utf8');
    const { status, body } = await server.api.post<Stored>('/agents', undefined, { raw, headers: { 'content-type': 'application/yaml' } });
    expect({ file, status, name: body.name, warnings: body.warnings }).toEqual({
      file,
      status: 201,
      name: file.replace('.yaml', ''),
      warnings: [],
    });
  }
  for (const file of FILES) {
    const raw = readFileSync(join(DIRECTORY, file), 'utf8');
    const { status, body } = await server.api.post<Stored>('/workflows', undefined, {
      raw,
      headers: { 'content-type': 'application/yaml' },
    });
    expect({ file, status, name: body.name, warnings: body.warnings }).toEqual({
      file,
      status: 201,
      name: `examples/${file.replace('.yaml', '')}`,
      warnings: [],
    });
  }
});
afterAll(() => server?.close());

async function run(name: string, inputs: object = {}): Promise<Run['outputs']> {
  return (await runWhole(name, inputs)).outputs;
}

async function runWhole(name: string, inputs: object): Promise<Run> {
  const { status, body } = await server.api.post<Run>(
    `/workflows/${encodeURIComponent(`examples/${name}`)}/runs`,
    { inputs },
    { query: { wait: '60s' } },
  );
  expect({ status, run: body.status, error: body.error }).toEqual({ status: 200, run: 'success', error: null });
  return body;
}

describe('the examples', () => {
  it('are ten, and the part of one that is a workflow of its own', () => {
    expect(FILES.toSorted()).toEqual([
      'api-inventory-tag.yaml',
      'api-inventory.yaml',
      'approved-order.yaml',
      'hello.yaml',
      'house-rules.yaml',
      'letters.yaml',
      'morning-orders.yaml',
      'night-train.yaml',
      'orders-report.yaml',
      'parcel.yaml',
      'slow-poem.yaml',
      'stubborn-delivery.yaml',
    ]);
  });

  it('hello', async () => {
    expect(await run('hello')).toEqual({ greeting: 'Hello, world!', letters: 5 });
    expect(await run('hello', { name: 'Ada' })).toEqual({ greeting: 'Hello, Ada!', letters: 3 });
  });

  it('morning-orders, of an agent that asks another', async () => {
    expect(await run('morning-orders')).toMatchObject({
      answers: ['The oven says: rye comes out at eight. That is your rye bread, noted down.', 'The oven says: wheat is ready.'],
    });
    const { status, body } = await server.api.post<{ response: string }>('/agents/baker/run', { query: 'Hello' });
    expect(status).toBe(200);
    expect(body.response).toContain('Good morning!');
  });

  it('innkeeper, an agent that remembers its guests and calculates', async () => {
    const ask = async (query: string, session: string, more: object = {}) =>
      (await server.api.post<{ response: string }>('/agents/innkeeper/run', { query, session_id: session, subject: 'ada', ...more })).body
        .response;
    expect(await ask('Breakfast as always, please', 'sunday')).toBe('What is it that you always take?');
    expect(await ask('I always take two loaves of rye for breakfast', 'monday')).toBe('I will remember that.');
    expect(await ask('Breakfast as always, please', 'friday')).toBe('Two loaves of rye, as always.');
    expect(await ask('What are 3 nights at 85?', 'friday')).toBe('That makes 255.');
    expect(await ask('Is there a room?', 'friday')).toBe('Of course. For how many nights?');
    expect(await ask('Is there a room?', 'friday', { context: { full: true } })).toBe('I am sorry, we are full.');
  });

  it('letters', async () => {
    expect(await run('letters')).toEqual({ letters: 2, words: 10, archive: 'letters.tar.gz', log: 'wrote to Ada\nwrote to Grace\n' });
    expect(await run('letters', { names: ['$(reboot)'], greeting: 'Hi' })).toMatchObject({ letters: 1, log: 'wrote to $(reboot)\n' });
  });

  it('parcel takes one road or the other', async () => {
    expect(
      await run('parcel', {
        items: [
          { name: 'book', grams: 800 },
          { name: 'lamp', grams: 2200 },
        ],
      }),
    ).toEqual({ label: 'Ghent: 3 kg, mind the lamp', carrier: 'bicycle', price: 5.7 });
    expect(await run('parcel', { to: 'Mechelen', items: [{ name: 'anvil', grams: 125_000 }] })).toEqual({
      label: 'Mechelen: 125 kg, mind the anvil',
      carrier: 'barge',
      price: 54,
    });
  });

  it('night-train goes its way, or ends where it must', async () => {
    const train = await runWhole('night-train', {});
    expect(train.outputs).toEqual({ in: 'Innsbruck', aboard: 9, degrees: 20, rolls: 18 });
    const steps = await server.api.get<{ data: { path: string }[] }>(`/runs/${train.id}/steps`);
    expect(steps.body.data.filter(({ path }) => path.includes('/warm'))).toHaveLength(4);
    expect(await runToEnd(server.api, 'examples/night-train', { inputs: { berths: '9' } })).toMatchObject({
      status: 'failed',
      error: { code: 'terminal_failure', message: 'in Salzburg there are 10 people for 9 berths' },
    });
  });

  it('stubborn-delivery copes, whatever happens', async () => {
    const shut = await runWhole('stubborn-delivery', { patience: 0 });
    expect(shut.outputs).toEqual({ opened_by: 'nobody', signed: false, trouble: ['script_error', 'no_signature'] });
    const steps = await server.api.get<{ data: { path: string; attempt: number }[] }>(`/runs/${shut.id}/steps`);
    expect(steps.body.data.find(({ path }) => path === 'ring')).toMatchObject({ attempt: 4 });
    const opened = await run('stubborn-delivery', { patience: 100 });
    expect(opened).toEqual(
      opened.opened_by === 'the cat'
        ? { opened_by: 'the cat', signed: false, trouble: ['no_signature'] }
        : { opened_by: 'a person', signed: true, trouble: [] },
    );
  });

  it('orders-report', async () => {
    expect(await run('orders-report')).toEqual({
      orders: 4,
      total: 493.17,
      largest: 'o-2',
      orders_by_customer: { Ada: 2, Grace: 1, Edsger: 1 },
      total_by_customer: { Ada: 83.13, Grace: 302.5, Edsger: 107.54 },
    });
  });

  it('house-rules are learned once, and found by what they mean', async () => {
    expect((await server.api.post('/rag/collections', { name: 'house-rules' })).status).toBe(201);
    expect(await run('house-rules')).toMatchObject({ rule: 'quiet', learned: 4 });
    expect(await run('house-rules', { question: 'Where do I put old newspapers?' })).toMatchObject({ rule: 'rubbish', learned: 0 });
    const grill = { question: 'May we grill sausages?', about: 'garden' };
    expect(await run('house-rules', grill)).toMatchObject({ rule: 'barbecue' });
  });

  it('slow-poem waits, and runs another workflow', async () => {
    const outputs = await run('slow-poem', { pause_ms: 300 });
    expect(outputs).toEqual({ words: 10, different: 9, greeting: 'Hello, pattern!', child_run: expect.any(String) as string });
    const child = await server.api.get<Run & { parent_run_id: string }>(`/runs/${outputs.child_run as string}`);
    expect(child.body).toMatchObject({ status: 'success', parent_run_id: expect.any(String) as string });
  });

  it('approved-order waits for a release and for a payment', async () => {
    const started = await server.api.post<Run>('/workflows/examples%2Fapproved-order/runs', {});
    const { id } = started.body;
    expect((await server.api.post(`/runs/${id}/signals/paid`, { amount: 400 })).status).toBe(202);
    const pending = async (): Promise<{ data: { message: string }[] }> =>
      (await server.api.get<{ data: { message: string }[] }>('/approvals', { query: { run_id: id, status: 'pending' } })).body;
    expect((await eventually(pending, ({ data }) => data.length > 0)).data).toMatchObject([{ message: 'Ship to Ada for 480?' }]);
    expect((await server.api.post(`/runs/${id}/approve`, { edits: { discount: 90 } })).status).toBe(422);
    expect((await server.api.post(`/runs/${id}/approve`, { edits: { discount: 10 } })).status).toBe(200);
    const run = await eventually(
      async () => (await server.api.get<Run>(`/runs/${id}`)).body,
      ({ status }) => status !== 'waiting' && status !== 'running',
    );
    expect(run).toMatchObject({ status: 'success', outputs: { shipped_to: 'Ada', due: 432, open: 32, released_by: 'bootstrap' } });
  });

  it('api-inventory takes stock of the server it runs on', async () => {
    const url = `${server.url}/openapi.json`;
    const document = (await (await fetch(url)).json()) as {
      info: { title: string };
      paths: Record<string, Record<string, { tags?: string[]; description?: string }>>;
    };
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        ...operation,
      })),
    );
    const tags = [...new Set(operations.flatMap(({ tags: own }) => own ?? ['untagged']))].toSorted();

    const report = await run('api-inventory', { url });
    expect(report.api).toBe(document.info.title);
    expect(report.operations).toBe(operations.length);
    expect(report.by_tag).toEqual(
      Object.fromEntries(tags.map((tag) => [tag, operations.filter(({ tags: own }) => (own ?? ['untagged']).includes(tag)).length])),
    );
    expect(report.by_method).toEqual(
      Object.fromEntries(
        [...new Set(operations.map(({ method }) => method))].map((method) => [
          method,
          operations.filter((operation) => operation.method === method).length,
        ]),
      ),
    );
    expect(report.without_description).toEqual(
      operations
        .filter(({ description }) => (description ?? '') === '')
        .map(({ name }) => name)
        .toSorted(),
    );
    expect(operations.length).toBeGreaterThan(10);
  });
});

describe('the quick start', () => {
  it('has the examples, and the main one needs no input', async () => {
    const port = await freePort();
    const quickstart = await startApp({ env: { HEDDLE_QUICKSTART: '1', HEDDLE_PORT: String(port) } });
    try {
      const { body } = await quickstart.api.get<{ data: { name: string }[] }>('/workflows', { query: { source: 'fs:examples' } });
      expect(body.data).toHaveLength(FILES.length);
      const started = await quickstart.api.post<Run>('/workflows/examples%2Fapi-inventory/runs', {}, { query: { wait: '60s' } });
      expect(started.body).toMatchObject({ status: 'success', outputs: { operations: expect.any(Number) as number } });
    } finally {
      await quickstart.close();
    }
  });
});

describe('the example jobs', () => {
  let jobs: TestApp;

  beforeAll(async () => {
    jobs = await startApp({ env: { HEDDLE_WORKFLOWS_DIR: join(DIRECTORY, '..', 'jobs') } });
  });
  afterAll(() => jobs?.close());

  const outputs = async (id: string, inputs: object) => (await runToEnd(jobs.api, id, { inputs })).outputs;

  it('are loaded from their directory without a fault', async () => {
    const { body } = await jobs.api.get<{ data: object[] }>('/workflows/sources');
    expect(body.data).toMatchObject([{ source: 'fs:jobs', formats: ['flwd'], files: 2, workflows: 2, errors: [] }]);
  });

  it('reports/word-count', async () => {
    expect(await outputs('reports/word-count', {})).toEqual({ value: { the: 2, brown: 1, dog: 1 }, exit_code: 0 });
    const text = "It's a sea, a wide sea; $(id) is no sea.";
    expect(await outputs('reports/word-count', { text, top: 2, ignore: ['a', 'it'] })).toMatchObject({ value: { sea: 3, id: 1 } });
  });

  it('reports/digest', async () => {
    expect(await outputs('reports/digest', { left: ['b', 'a b', 'c'], right: ['c', "'"] })).toMatchObject({
      value: { common: 1, different: 3 },
    });
  });
});

describe('the examples in the YAML of AWF', () => {
  let awf: TestApp;

  beforeAll(async () => {
    awf = await startApp({ env: { HEDDLE_WORKFLOWS_DIR: join(DIRECTORY, '..', 'awf') } });
  });
  afterAll(() => awf?.close());

  it('are loaded from their directory without a fault', async () => {
    const { body } = await awf.api.get<{ data: object[] }>('/workflows/sources');
    expect(body.data).toMatchObject([{ source: 'fs:awf', formats: ['awf'], files: 2, workflows: 2, errors: [] }]);
  });

  it('second-opinion, offline', async () => {
    const run = await runToEnd(awf.api, 'second-opinion');
    const offline = 'Answered offline, by rule and without a model: ';
    expect(run).toMatchObject({
      status: 'success',
      outputs: {
        draft: `${offline}A motto for the lighthouse.`,
        critic: `${offline}Is this motto any good? ${offline}A motto for the lighthouse.`,
        revise: expect.stringContaining(`${offline}One says: ${offline}`) as string,
      },
    });
    const { body } = await awf.api.get<{ data: { message: string }[] }>(`/runs/${run.id}/logs`);
    expect(body.data.map(({ message }) => message)).toEqual([expect.stringMatching(/^\d+ tokens for the last word$/)]);
  });

  it('countdown', async () => {
    const run = await runToEnd(awf.api, 'countdown', { inputs: { from: '2' } });
    expect(run).toMatchObject({ status: 'success', outputs: { numbers: '2,1\n', say: '1!\n', launch: 'Ariadne has left\n' } });
    const { body } = await awf.api.get<{ data: { message: string }[] }>(`/runs/${run.id}/logs`);
    expect(body.data.map(({ message }) => message)).toEqual(expect.arrayContaining(['2', '1!', 'default/countdown is over']));
  });
});

describe('the examples in the YAML of MeshFlow', () => {
  let mesh: TestApp;

  beforeAll(async () => {
    mesh = await startApp({ env: { HEDDLE_WORKFLOWS_DIR: join(DIRECTORY, '..', 'meshflow') } });
  });
  afterAll(() => mesh?.close());

  it('press-release, offline', async () => {
    const { body } = await mesh.api.get<{ data: object[] }>('/workflows/sources');
    expect(body.data).toMatchObject([{ source: 'fs:meshflow', formats: ['meshflow'], files: 1, workflows: 1, errors: [] }]);
    const started = await mesh.api.post<Run>('/workflows/examples%2Fpress-release/runs', { inputs: { task: 'The lighthouse opens' } });
    const { id } = started.body;
    const pending = async (): Promise<{ step: string }[]> =>
      (await mesh.api.get<{ data: { step: string }[] }>('/approvals', { query: { status: 'pending' } })).body.data;
    expect(await eventually(pending, (approvals) => approvals.length > 0)).toMatchObject([{ step: 'release_approval' }]);
    expect((await mesh.api.post(`/runs/${id}/approve`, {})).status).toBe(200);
    const run = await eventually(
      async () => (await mesh.api.get<Run>(`/runs/${id}`)).body,
      ({ status }) => status === 'success' || status === 'failed',
    );
    expect(run).toMatchObject({ status: 'success', outputs: { output: expect.stringContaining('The lighthouse opens') as string } });
  });
});
