import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually, runToEnd, storeWorkflow, type RunBody } from '../support/runs.js';

interface Fault {
  path: string;
  code: string;
}
interface Validation {
  valid: boolean;
  errors: Fault[];
  warnings: Fault[];
  levels: string[][];
}
interface Step {
  path: string;
  node_id: string;
  type: string;
  status: string;
  started_at: string;
  duration_ms: number | null;
}
interface Graph {
  nodes: { id: string; type: string; status?: string; duration_ms?: number | null; attempts?: number }[];
  edges: { from: string; to: string; label?: string }[];
}

let app: TestApp;
let target: Server;
let url: string;
/** Requests that runs really made, by path. */
let calls: string[] = [];
/** Paths that fail. */
const broken = new Set<string>();
/** Answers that are held back, by path. */
const held = new Map<string, Promise<void>>();

beforeAll(async () => {
  target = createServer((request, response) => {
    const path = request.url ?? '';
    calls.push(path);
    void (held.get(path) ?? Promise.resolve()).then(() => {
      response.writeHead(broken.has(path) ? 500 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ at: path, count: calls.filter((call) => call === path).length }));
    });
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  app = await startApp({ env: { HEDDLE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(async () => {
  await app?.close();
  target.close();
});

const call = (path: string, more: object = {}): object => ({
  type: 'step',
  node: 'http.request',
  config: { url: `{{ inputs.url }}${path}`, fail_on_status: true },
  ...more,
});
const machine = (name: string, states: object, more: object = {}): object => ({
  name,
  kind: 'states',
  inputs: { type: 'object', required: ['url'], properties: { url: { type: 'string' }, limit: { type: 'integer', default: 2 } } },
  initial: Object.keys(states)[0],
  states: { ...states, done: { type: 'terminal' } },
  ...more,
});
/** Polls until two answers came, then goes over a list, then asks two at once. */
const JOURNEY = machine(
  'states/journey',
  {
    poll: call('/poll', {
      transitions: [{ when: '{{ states.poll.output.body.count < inputs.limit }}', goto: 'poll' }],
      on_success: 'each',
    }),
    each: { type: 'for_each', items: ['a', 'b'], body: ['visit'], on_complete: 'both' },
    visit: call('/visit/{{ loop.item }}', { hooks: { pre: [{ log: 'visiting {{ loop.item }}' }] } }),
    both: { type: 'parallel', branches: ['left', 'right'], on_success: 'done', on_failure: 'rescue' },
    left: call('/left'),
    right: call('/right'),
    rescue: { type: 'terminal', status: 'failure', message: '{{ error.message }}' },
  },
  { outputs: { polls: '{{ states.poll.output.body.count }}', right: '{{ states.right.output.body.at }}' } },
);

const ref = encodeURIComponent;
const stepsOf = async (id: string): Promise<Step[]> => (await app.api.get<{ data: Step[] }>(`/runs/${id}/steps`)).body.data;
const graphOf = async (id: string): Promise<Graph> => (await app.api.get<Graph>(`/runs/${id}/graph`)).body;
const statuses = ({ nodes }: Graph): Record<string, string | undefined> => Object.fromEntries(nodes.map(({ id, status }) => [id, status]));
const ended = async (id: string): Promise<RunBody> =>
  await eventually(
    async () => (await app.api.get<RunBody>(`/runs/${id}`)).body,
    ({ status }) => ['success', 'failed', 'cancelled'].includes(status),
  );

describe('a state machine as a workflow', () => {
  it('is stored, listed and shown as any other', async () => {
    const stored = await storeWorkflow(app.api, JOURNEY);
    expect((await app.api.post('/workflows', JOURNEY)).status).toBe(200);
    const { body } = await app.api.get(`/workflows/${stored.id}`);
    expect(body).toMatchObject({ name: 'states/journey', kind: 'states', nodes: 8, version: 1, definition: JOURNEY });
    const { body: list } = await app.api.get<{ data: Record<string, unknown>[] }>('/workflows', { query: { namespace: 'states' } });
    expect(list.data).toContainEqual(expect.objectContaining({ name: 'states/journey', kind: 'states', nodes: 8 }));
    const { body: versions } = await app.api.get<{ data: object[] }>(`/workflows/${stored.id}/versions`);
    expect(versions.data).toMatchObject([{ kind: 'states', nodes: 8 }]);
  });

  it('is taken as YAML', async () => {
    const yaml = 'name: states/yaml\nkind: states\ninitial: only\nstates:\n  only: { type: terminal, outputs: { said: "hello" } }\n';
    const { status } = await app.api.post('/workflows', undefined, { raw: yaml, headers: { 'content-type': 'application/yaml' } });
    expect(status).toBe(201);
    expect(await runToEnd(app.api, 'states/yaml')).toMatchObject({
      status: 'success',
      outputs: { said: 'hello' },
      progress: { completed: 1, total: 1 },
    });
  });

  it('is refused with every fault at its place', async () => {
    const faulty = machine('states/faulty', {
      first: { type: 'step', node: 'transform.sett', on_success: 'secnod' },
      second: { type: 'while', while: '{{ inputs.nope ==  }}', body: ['done'], on_complete: 'done', typo: 1 },
      third: { type: 'parallel', branches: ['third'], on_success: 'done' },
      fourth: { type: 'step', node: 'transform.set', config: { values: { x: '{{ nodes.a.output }}' } } },
      fifth: { type: 'sprint' },
    });
    const { status, body } = await app.api.post<{ errors: Fault[] }>('/workflows', faulty);
    expect(status).toBe(422);
    expect(body.errors.map(({ path, code }) => `${path} ${code}`)).toEqual(
      expect.arrayContaining([
        '/states/first/node unknown_node_type',
        '/states/first/on_success dangling_reference',
        '/states/second/typo unknown_field',
        '/states/third nested_in_itself',
        '/states/fourth leads_nowhere',
        '/states/fourth/config/values/x unknown_variable',
        '/states/fifth/type unknown_state_type',
      ]),
    );
    const { body: validation } = await app.api.post<Validation>('/workflows/validate', faulty);
    expect(validation.valid).toBe(false);
    expect(validation.errors).toEqual(body.errors);
  });

  it('is checked with its inputs, and its states are told by their distance', async () => {
    const { body } = await app.api.post<Validation>('/workflows/validate', JOURNEY);
    expect(body).toMatchObject({
      valid: true,
      errors: [],
      levels: [['poll'], ['each'], ['visit', 'both'], ['left', 'right', 'done', 'rescue']],
    });
    const { body: stored } = await app.api.post<Validation>(`/workflows/${ref('states/journey')}/validate`, { inputs: { limit: 'many' } });
    expect(stored.errors.map(({ path, code }) => `${path} ${code}`)).toEqual(['/inputs/url required', '/inputs/limit type']);
  });

  it('is drawn with what leads where', async () => {
    const path = `/workflows/${ref('states/journey')}/graph`;
    const { body: graph } = await app.api.get<Graph>(path);
    expect(graph.edges).toContainEqual({ from: 'both', to: 'rescue', label: 'on failure' });
    expect(graph.edges).toContainEqual({ from: 'poll', to: 'poll', label: 'states.poll.output.body.count < inputs.limit' });
    expect(graph.edges).toContainEqual({ from: 'each', to: 'visit', label: 'body' });
    const { body: mermaid } = await app.api.get<string>(path, { query: { format: 'mermaid' } });
    expect(mermaid).toMatch(/^flowchart TD\n/);
    expect(mermaid).toContain('-->|"on failure"|');
    const { body: dot } = await app.api.get<string>(path, { query: { format: 'dot' } });
    expect(dot).toContain('"both" -> "rescue" [label="on failure"];');
  });
});

describe('a run of a state machine', () => {
  it('tells its visits, its progress and where it went', async () => {
    calls = [];
    const run = await runToEnd(app.api, 'states/journey', { inputs: { url } });
    expect(run).toMatchObject({
      status: 'success',
      outputs: { polls: 2, right: '/right' },
      progress: { completed: 7, total: 8 },
      current_steps: [],
    });
    const { body: again } = await app.api.get<RunBody>(`/runs/${run.id}`);
    expect(again).toMatchObject({ progress: { completed: 7, total: 8 }, current_steps: [] });
    const steps = await stepsOf(run.id);
    expect(steps.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'poll',
        'poll~2',
        'each[0]/visit/$pre[0]',
        'each[1]/visit',
        'each',
        'both/left',
        'both/right',
        'both',
        'done',
      ]),
    );
    expect(steps.filter(({ node_id }) => node_id === 'poll').map(({ path }) => path)).toEqual(['poll', 'poll~2']);
    const each = steps.find(({ path }) => path === 'each');
    const first = steps.find(({ path }) => path === 'each[0]/visit/$pre[0]');
    expect(each).toMatchObject({ type: 'states.for_each', started_at: first?.started_at });
    expect(statuses(await graphOf(run.id))).toEqual({
      poll: 'success',
      each: 'success',
      visit: 'success',
      both: 'success',
      left: 'success',
      right: 'success',
      rescue: 'pending',
      done: 'success',
    });
    const { body: logs } = await app.api.get<{ data: { message: string }[] }>(`/runs/${run.id}/logs`);
    expect(logs.data.map(({ message }) => message)).toEqual(['visiting a', 'visiting b']);
    const { body: drawn } = await app.api.get<string>(`/runs/${run.id}/graph`, { query: { format: 'mermaid' } });
    expect(drawn).toContain(':::success');
  });

  it('refuses inputs that do not fit, by rules too, and converts those that do', async () => {
    await storeWorkflow(app.api, {
      ...machine('states/rules', {}, { outputs: '{{ inputs }}' }),
      inputs: [
        { name: 'count', type: 'integer', required: true, validation: { min: 1, max: 5 } },
        { name: 'mode', type: 'string', default: 'fast', validation: { enum: ['fast', 'slow'] } },
        { name: 'file', validation: { file_exists: true } },
      ],
      initial: 'done',
    });
    const { status, body } = await app.api.post<{ errors: (Fault & { message: string })[] }>(`/workflows/${ref('states/rules')}/runs`, {
      inputs: { count: '9', mode: 'odd', file: '/etc/passwd' },
    });
    expect(status).toBe(422);
    expect(body.errors.map(({ path, message }) => `${path} ${message}`)).toEqual([
      '/inputs/count value 9 exceeds maximum 5',
      '/inputs/mode value "odd" not in allowed values [fast slow]',
      '/inputs/file the server does not check files for this workflow',
    ]);
    expect(await runToEnd(app.api, 'states/rules', { inputs: { count: '3' } })).toMatchObject({ outputs: { count: 3, mode: 'fast' } });
  });

  it('is stopped inside of a parallel state, and says what was going on', async () => {
    let release!: () => void;
    held.set('/left', new Promise((resolve) => (release = resolve)));
    const { body: started } = await app.api.post<RunBody>(`/workflows/${ref('states/journey')}/runs`, { inputs: { url, limit: 0 } });
    const open = await eventually(
      async () => (await app.api.get<RunBody>(`/runs/${started.id}`)).body,
      ({ current_steps: at }) => at.includes('both/left'),
    );
    expect(open).toMatchObject({ status: 'running', progress: { total: 8 } });
    expect(statuses(await graphOf(started.id))).toMatchObject({ both: 'running', left: 'running', each: 'success' });
    const { body: why } = await app.api.get<{ reasons: { type: string; steps?: string[] }[] }>(`/runs/${started.id}/explain`);
    expect(why.reasons).toMatchObject([{ type: 'running', steps: ['both/left'] }]);
    const { status, body: receipt } = await app.api.post<{ stopping: string[] }>(`/runs/${started.id}/cancel`, {});
    expect(status).toBe(202);
    expect(receipt.stopping).toContain('both/left');
    expect(await ended(started.id)).toMatchObject({ status: 'cancelled', current_steps: [] });
    expect(statuses(await graphOf(started.id))).toMatchObject({ both: 'cancelled', left: 'cancelled', right: 'success', done: 'pending' });
    held.delete('/left');
    release();
  });

  it('runs its hooks when it is cancelled', async () => {
    await storeWorkflow(
      app.api,
      machine(
        'states/swept',
        { wait: { type: 'step', node: 'control.wait', config: { name: 'never' }, on_success: 'done' } },
        { hooks: { workflow_cancel: [{ log: 'stopped in {{ error.state }}: {{ error.type }}' }] } },
      ),
    );
    const { body: started } = await app.api.post<RunBody>(`/workflows/${ref('states/swept')}/runs`, { inputs: { url } });
    await eventually(
      async () => (await app.api.get<RunBody>(`/runs/${started.id}`)).body.current_steps,
      (at) => at.includes('wait'),
    );
    await app.api.post(`/runs/${started.id}/cancel`, {});
    expect((await ended(started.id)).status).toBe('cancelled');
    const { body: logs } = await app.api.get<{ data: { message: string }[] }>(`/runs/${started.id}/logs`);
    expect(logs.data.map(({ message }) => message)).toEqual(['stopped in wait: cancelled']);
  });

  it('calls other workflows, of either kind, and is called by them', async () => {
    await storeWorkflow(app.api, {
      name: 'states/child',
      nodes: [{ id: 'x', type: 'transform.set', config: { values: { v: '{{ inputs.n + 1 }}' } } }],
      outputs: '{{ nodes.x.output }}',
    });
    await storeWorkflow(app.api, {
      ...machine('states/middle', {
        ask: {
          type: 'call_workflow',
          workflow: 'states/child',
          inputs: { n: '{{ inputs.n * 10 }}' },
          outputs: { got: 'v' },
          on_success: 'done',
        },
      }),
      inputs: {},
    });
    await storeWorkflow(app.api, {
      name: 'states/outer',
      nodes: [{ id: 'run', type: 'workflow.run', config: { workflow: 'states/middle', inputs: { n: '{{ inputs.n }}' } } }],
    });
    const run = await runToEnd(app.api, 'states/outer', { inputs: { n: 4 } });
    expect(run.outputs).toMatchObject({ run: { status: 'success', outputs: { ask: { got: 41 } } } });
  });

  it('keeps to the settings and triggers of its definition', async () => {
    const workflow = await storeWorkflow(app.api, {
      ...machine('states/settled', { wait: { type: 'step', node: 'time.delay', config: { delay_ms: 600_000 }, on_success: 'done' } }),
      inputs: {},
      settings: { timeout_ms: 100, concurrency: { key: 'k-{{ inputs.who }}' }, priority: 3 },
      triggers: [{ kind: 'webhook', name: 'door', inputs: { who: 'door' } }],
    });
    const run = await runToEnd(app.api, 'states/settled', { inputs: { who: 'me' } });
    expect(run).toMatchObject({ status: 'failed', error: { code: 'run_timeout' }, concurrency_key: 'k-me', priority: 3 });
    const { body } = await app.api.get<{ data: { kind: string; name: string }[] }>(`/workflows/${workflow.id}/triggers`);
    expect(body.data).toMatchObject([{ kind: 'webhook', name: 'door' }]);
    expect((await app.api.get<{ triggers: number }>(`/workflows/${workflow.id}`)).body.triggers).toBe(1);
  });
});

describe('POST /runs/{id}/resume of a state machine', () => {
  const resume = async (id: string, body: object) =>
    await app.api.post<RunBody & { errors?: Fault[]; code?: string }>(`/runs/${id}/resume`, body);

  it('goes on where it failed and does nothing again', async () => {
    broken.add('/right');
    calls = [];
    const failed = await runToEnd(app.api, 'states/journey', { inputs: { url } });
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'terminal_failure' } });
    broken.delete('/right');
    const before = calls.length;
    const { status, body } = await resume(failed.id, {});
    expect(status).toBe(202);
    expect(await ended(body.id)).toMatchObject({
      status: 'success',
      outputs: { polls: 2, right: '/right' },
      resumed_from: failed.id,
      progress: { completed: 7, total: 8 },
    });
    expect(calls.slice(before).filter((path) => path !== '/left')).toEqual(['/right']);
  });

  it('goes on from any visit, also with other inputs', async () => {
    calls = [];
    const first = await runToEnd(app.api, 'states/journey', { inputs: { url } });
    expect(calls.filter((path) => path === '/poll')).toHaveLength(2);
    const { body } = await resume(first.id, { from_step: 'poll~2', input_overrides: { limit: 4 } });
    expect(await ended(body.id)).toMatchObject({ status: 'success', outputs: { polls: 4 } });
    expect((await stepsOf(body.id)).filter(({ node_id }) => node_id === 'poll').map(({ path }) => path)).toEqual([
      'poll',
      'poll~2',
      'poll~3',
    ]);
    calls = [];
    const inside = await resume(first.id, { from_step: 'each[1]/visit' });
    expect((await ended(inside.body.id)).status).toBe('success');
    expect(calls.toSorted()).toEqual(['/left', '/right', '/visit/b']);
  });

  it('refuses what cannot be, and says why', async () => {
    calls = [];
    const first = await runToEnd(app.api, 'states/journey', { inputs: { url } });
    const faultsOf = async (body: object) => {
      const answer = await resume(first.id, body);
      return [answer.status, answer.body.code, answer.body.errors?.map(({ path, code }) => `${path} ${code}`)];
    };
    expect(await faultsOf({ from_step: 'rescue' })).toEqual([422, 'not_resumable', ['/from_step unknown_step']]);
    expect(await faultsOf({ from_step: 'each', input_overrides: { limit: 7 } })).toEqual([
      422,
      'not_resumable',
      ['/input_overrides other_way'],
    ]);
    expect(await faultsOf({})).toEqual([422, 'not_resumable', ['/from_step required']]);
  });

  it('takes a newer version when the kept part still fits', async () => {
    const states = (after: string, before = '/before'): object => ({
      before: call(before, { on_success: 'after' }),
      after: call(after, { on_success: 'done' }),
    });
    await storeWorkflow(app.api, machine('states/versions', states('/old')));
    const first = await runToEnd(app.api, 'states/versions', { inputs: { url } });
    await storeWorkflow(app.api, machine('states/versions', states('/new')));
    await storeWorkflow(app.api, machine('states/versions', states('/new', '/elsewhere')));
    calls = [];
    const fits = await resume(first.id, { from_step: 'after', version: 2 });
    expect(await ended(fits.body.id)).toMatchObject({ status: 'success', workflow: { version: 2 } });
    expect(calls).toEqual(['/new']);
    const { status, body } = await resume(first.id, { from_step: 'after', version: 3 });
    expect([status, body.errors]).toEqual([
      422,
      [{ path: '/version', code: 'kept_step_changed', message: expect.stringContaining('state "before" is kept') as string }],
    ]);
  });
});
