import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { eventually, runToEnd, storeWorkflow, type RunBody } from '../support/runs.js';

interface TriggerBody {
  readonly id: string;
  readonly kind: string;
  readonly name: string | null;
  readonly source: string;
  readonly enabled: boolean;
  readonly config: Record<string, unknown>;
  readonly next_fire_at: string | null;
  readonly last_fired_at: string | null;
  readonly last_run_id: string | null;
  readonly last_error: { readonly code: string; readonly message: string } | null;
  readonly hook_path: string;
  readonly secret: string;
}

let app: TestApp;
let api: ApiClient;

beforeAll(async () => {
  app = await startApp({ env: { HEDDLE_SECRET_KEY: 'triggers-e2e-0123456789-0123456789-01' } });
  ({ api } = app);
  await storeWorkflow(api, echo('demo/echo'));
});
afterAll(() => app.close());

const echo = (name: string, more: object = {}) => ({
  name,
  nodes: [{ id: 'say', type: 'transform.set', config: { values: { got: '{{ inputs }}' } } }],
  outputs: '{{ nodes.say.output.got }}',
  ...more,
});

const path = (workflow: string) => `/workflows/${encodeURIComponent(workflow)}/triggers`;

async function createTrigger(workflow: string, trigger: object): Promise<TriggerBody> {
  const { status, body } = await api.post<TriggerBody>(path(workflow), trigger);
  expect({ status, body }).toMatchObject({ status: 201 });
  return body;
}

const listTriggers = async (workflow: string) => (await api.get<{ data: TriggerBody[] }>(path(workflow))).body.data;
const getTrigger = async (id: string) => (await api.get<TriggerBody>(`/triggers/${id}`)).body;
const getRun = async (id: string) => (await api.get<RunBody & { trigger: string }>(`/runs/${id}`)).body;
const endOf = (id: string) =>
  eventually(
    () => getRun(id),
    ({ status }) => ['success', 'failed', 'cancelled'].includes(status),
  );
const runsOf = async (workflow: string) => (await api.get<{ data: RunBody[] }>('/runs', { query: { workflow, limit: 100 } })).body.data;

describe('triggers of a definition', () => {
  const nightly = { kind: 'cron', name: 'nightly', config: { expression: '0 3 * * *', timezone: 'Europe/Berlin' } };

  it('are kept in step with its versions', async () => {
    await storeWorkflow(api, echo('demo/defined', { triggers: [nightly, { kind: 'webhook' }] }));
    const [hook, cron] = await listTriggers('demo/defined');
    expect(cron).toMatchObject({ name: 'nightly', source: 'definition', enabled: true, config: { overlap: 'skip', catch_up_ms: 0 } });
    expect(cron?.next_fire_at).toMatch(/T0[12]:00:00.000Z$/);
    expect(hook).toMatchObject({ kind: 'webhook', name: 'webhook-1', next_fire_at: null });

    expect((await api.delete(`/triggers/${cron?.id}`)).body).toMatchObject({ status: 409, code: 'defined_by_workflow' });
    expect((await api.patch(`/triggers/${cron?.id}`, { config: { expression: '0 4 * * *' } })).status).toBe(409);
    expect((await api.patch<TriggerBody>(`/triggers/${cron?.id}`, { enabled: false })).body).toMatchObject({
      enabled: false,
      next_fire_at: null,
    });

    await storeWorkflow(api, echo('demo/defined', { description: 'another version', triggers: [nightly] }));
    expect(await listTriggers('demo/defined')).toMatchObject([{ id: cron?.id, enabled: false }]);
    await storeWorkflow(api, echo('demo/defined', { triggers: [{ ...nightly, config: { expression: '0 5 * * *' } }] }));
    expect(await listTriggers('demo/defined')).toMatchObject([
      { id: cron?.id, enabled: true, config: { expression: '0 5 * * *', timezone: 'UTC' } },
    ]);
  });

  it('that are faulty refuse it, each pointed at', async () => {
    const faulty = echo('demo/faulty', {
      triggers: [
        { kind: 'cron', config: { expression: 'daily' } },
        { kind: 'webhook', inputs: { a: '{{ boby }}' } },
      ],
    });
    const errors = [
      { path: '/triggers/0/config/expression', code: 'bad_cron' },
      { path: '/triggers/1/inputs/a', code: 'unknown_variable' },
    ];
    expect((await api.post('/workflows', faulty)).body).toMatchObject({ status: 422, code: 'invalid_definition', errors });
    expect((await api.post('/workflows/validate', faulty)).body).toMatchObject({ valid: false, errors });
  });
});

describe('a cron trigger', () => {
  it('starts runs, with inputs made of the scheduled time', async () => {
    const { id } = await createTrigger('demo/echo', {
      kind: 'cron',
      config: { expression: '* * * * * *' },
      inputs: { at: '{{ trigger.scheduled_at }}', by: 'cron {{ trigger.kind }}' },
    });
    const fired = await eventually(
      () => getTrigger(id),
      ({ last_run_id }) => last_run_id !== null,
    );
    const run = await endOf(fired.last_run_id ?? '');
    expect(run).toMatchObject({
      status: 'success',
      trigger: 'cron',
      outputs: { at: expect.stringMatching(/:\d\d\.000Z$/) as unknown, by: 'cron cron' },
    });
    expect((await api.delete(`/triggers/${id}`)).status).toBe(204);
    expect((await api.get(`/triggers/${id}`)).status).toBe(404);
  });

  it('by default starts none while the last one is not over', async () => {
    await storeWorkflow(api, { name: 'demo/long', nodes: [{ id: 'wait', type: 'time.delay', config: { delay_ms: 600_000 } }] });
    const { id } = await createTrigger('demo/long', { kind: 'cron', config: { expression: '* * * * * *' } });
    const skipped = await eventually(
      () => getTrigger(id),
      ({ last_error }) => last_error !== null,
    );
    expect(skipped.last_error?.code).toBe('overlap');
    expect(await runsOf('demo/long')).toHaveLength(1);

    await api.patch(`/triggers/${id}`, { config: { expression: '* * * * * *', overlap: 'cancel_running' } });
    const [first] = await runsOf('demo/long');
    await eventually(
      () => getRun(first?.id ?? ''),
      ({ status }) => status === 'cancelled',
    );
    await api.delete(`/triggers/${id}`);
  });

  it('says why its fires start nothing', async () => {
    const required = { type: 'object', required: ['n'], properties: { n: { type: 'number' } } };
    await storeWorkflow(api, echo('demo/required', { inputs: required }));
    const { id } = await createTrigger('demo/required', {
      kind: 'cron',
      config: { expression: '* * * * * *' },
      inputs: { n: '{{ trigger.nothing }}' },
    });
    const first = await eventually(
      () => getTrigger(id),
      ({ last_error }) => last_error !== null,
    );
    expect(first.last_error).toMatchObject({ code: 'expression_error' });
    await api.patch(`/triggers/${id}`, { inputs: { n: 'three' } });
    const second = await eventually(
      () => getTrigger(id),
      ({ last_error }) => last_error?.code === 'invalid_inputs',
    );
    expect(second.last_error?.message).toContain('/inputs/n');
    await api.delete(`/triggers/${id}`);
  });

  it('that is malformed is refused', async () => {
    const { status, body } = await api.post(path('demo/echo'), {
      kind: 'cron',
      config: { expression: '* * *', timezone: 'Europe/Atlantis' },
    });
    expect({ status, body }).toMatchObject({
      status: 422,
      body: { code: 'invalid_trigger', errors: [{ path: '/config/timezone', code: 'unknown_timezone' }] },
    });
    expect((await api.post(path('demo/none'), { kind: 'webhook' })).status).toBe(404);
  });
});

describe('a webhook trigger', () => {
  let hook: TriggerBody;
  const open = () => api.withKey(undefined);
  const send = async (message: { id?: string; body?: string; secret?: string; at?: number; path?: string } = {}) => {
    const { id = 'msg_1', body = '{"order":{"id":7}}', secret = hook.secret, at = Date.now(), path: to = hook.hook_path } = message;
    const timestamp = String(Math.floor(at / 1_000));
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    const signature = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    return open().post<{ run_id: string; duplicate: boolean; code?: string }>(to, undefined, {
      raw: body,
      query: { shop: 'north' },
      headers: { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature },
    });
  };

  beforeAll(async () => {
    hook = await createTrigger('demo/echo', {
      kind: 'webhook',
      inputs: {
        order: '{{ body.order.id }}',
        shop: '{{ query.shop }}',
        type: '{{ headers["content-type"] }}',
        message: '{{ trigger.message_id }}',
      },
    });
  });

  it('starts a run of a signed message, and only one however often it comes', async () => {
    const first = await send();
    expect(first).toMatchObject({ status: 202, body: { duplicate: false } });
    const run = await endOf(first.body.run_id);
    expect(run).toMatchObject({ trigger: 'webhook', outputs: { order: 7, shop: 'north', type: 'application/json', message: 'msg_1' } });
    const again = await Promise.all([send(), send(), send()]);
    expect(again.map(({ status, body }) => [status, body])).toEqual(again.map(() => [202, { run_id: run.id, duplicate: true }]));
    const together = await Promise.all(Array.from({ length: 5 }, () => send({ id: 'msg_2' })));
    expect(new Set(together.map(({ body }) => body.run_id)).size).toBe(1);
    expect(together.filter(({ body }) => !body.duplicate)).toHaveLength(1);
    expect(await getTrigger(hook.id)).toMatchObject({ last_run_id: together[0]?.body.run_id, last_error: null });
  });

  it('refuses everything else', async () => {
    expect(await send({ id: 'msg_3', secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' })).toMatchObject({
      status: 401,
      body: { code: 'bad_signature' },
    });
    expect((await send({ id: 'msg_3', at: Date.now() - 400_000 })).body).toMatchObject({ status: 401, reason: 'too_old' });
    expect((await open().post(hook.hook_path, {})).body).toMatchObject({ status: 401, reason: 'missing' });
    expect((await send({ id: 'msg_3', path: '/hooks/hk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' })).status).toBe(404);
    expect((await send({ id: 'msg_3', body: 'x'.repeat(1024 * 1024 + 1) })).status).toBe(413);
    expect((await send({ id: 'msg_3', body: '{"order":' })).body).toMatchObject({ status: 400, code: 'malformed_json' });
    expect((await send({ id: 'msg_3', body: '{}' })).body).toMatchObject({ status: 422, code: 'expression_error' });
    expect(await send({ id: 'msg_3' })).toMatchObject({ status: 202, body: { duplicate: false } });
  });

  it('shows its secrets once, and gets new ones', async () => {
    expect(await getTrigger(hook.id)).not.toHaveProperty('secret');
    const old = hook;
    ({ body: hook } = await api.post<TriggerBody>(`/triggers/${hook.id}/rotate`));
    expect((await send({ id: 'msg_4', path: old.hook_path })).status).toBe(404);
    expect((await send({ id: 'msg_4', secret: old.secret })).status).toBe(401);
    expect((await send({ id: 'msg_4' })).status).toBe(202);
    await api.patch(`/triggers/${hook.id}`, { enabled: false });
    expect(await send({ id: 'msg_5' })).toMatchObject({ status: 409, body: { code: 'trigger_disabled' } });
  });

  it('takes unsigned calls only when it says so', async () => {
    const { hook_path } = await createTrigger('demo/echo', { kind: 'webhook', config: { verify: 'none' }, inputs: { form: '{{ body }}' } });
    const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' }, raw: 'a=1&b=two' };
    const { status, body } = await open().post<{ run_id: string }>(hook_path, undefined, form);
    expect(status).toBe(202);
    expect(await endOf(body.run_id)).toMatchObject({ outputs: { form: { a: '1', b: 'two' } } });
  });
});

describe('an event trigger', () => {
  it('fires once for each event, and not for what came of itself', async () => {
    await storeWorkflow(api, { name: 'demo/fails', nodes: [{ id: 'no', type: 'control.fail', config: { message: 'on purpose' } }] });
    await storeWorkflow(
      api,
      echo('demo/told', {
        triggers: [
          {
            kind: 'event',
            name: 'failures',
            config: { types: ['run.failed'], workflow: 'demo/fails' },
            inputs: { run: '{{ event.run_id }}', of: '{{ event.workflow.name }}' },
          },
          {
            kind: 'event',
            name: 'ends',
            config: { types: ['run.completed'], workflow: 'demo/told' },
            inputs: { after: '{{ event.run_id }}' },
          },
        ],
      }),
    );
    const failed = await Promise.all([1, 2, 3].map(() => runToEnd(api, 'demo/fails')));
    await runToEnd(api, 'demo/echo');
    // Each failure is told, and the end of each telling once more; the end of that is not.
    const told = await eventually(
      () => runsOf('demo/told'),
      (runs) => runs.length >= 6 && runs.every(({ status }) => status === 'success'),
    );
    const settled = await runToEnd(api, 'demo/echo');
    expect(settled.status).toBe('success');
    const inputs = (await Promise.all(told.map(({ id }) => getRun(id)))).map((run) => run.inputs as { run?: string; after?: string });
    expect(inputs.flatMap(({ run }) => run ?? []).toSorted()).toEqual(failed.map(({ id }) => id).toSorted());
    expect(inputs.filter(({ after }) => after !== undefined)).toHaveLength(3);
    expect(await runsOf('demo/told')).toHaveLength(6);
  });
});

describe('permissions', () => {
  it('viewers read triggers, operators write them', async () => {
    const { api: viewer } = await app.createKey({ role: 'viewer' });
    const { api: operator } = await app.createKey({ role: 'operator' });
    expect((await viewer.get(path('demo/echo'))).status).toBe(200);
    expect((await viewer.post(path('demo/echo'), { kind: 'webhook' })).status).toBe(403);
    expect((await operator.post(path('demo/echo'), { kind: 'webhook', enabled: false })).status).toBe(201);
  });
});
