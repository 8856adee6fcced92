import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { eventually, storeWorkflow, type RunBody } from '../support/runs.js';

interface Reason {
  readonly type: string;
  readonly since: string;
  readonly [member: string]: unknown;
}

interface PauseBody {
  readonly id: string;
  readonly name: string;
  readonly paused: { readonly since: string; readonly by: string; readonly reason: string | null } | null;
}

const SET = { id: 'a', type: 'transform.set', config: { values: { n: 1 } } };
const SLEEP = { id: 'pause', type: 'time.delay', config: { delay_ms: 600_000 } };
const DAY_MS = 86_400_000;

let app: TestApp;
let api: ApiClient;

beforeAll(async () => {
  app = await startApp({ env: { HEDDLE_PARK_AFTER_MS: '50' } });
  ({ api } = app);
});
afterAll(() => app?.close());

const path = (workflow: string): string => `/workflows/${encodeURIComponent(workflow)}`;

async function start(workflow: string, body: object = {}, client = api): Promise<RunBody & { readonly started_at: string | null }> {
  const answer = await client.post<RunBody & { started_at: string | null }>(`${path(workflow)}/runs`, body);
  expect(answer.status).toBe(202);
  return answer.body;
}

async function run(id: string): Promise<RunBody & { readonly started_at: string | null }> {
  return (await api.get<RunBody & { started_at: string | null }>(`/runs/${id}`)).body;
}

async function ended(id: string, status = 'success'): Promise<void> {
  await eventually(
    () => run(id),
    (body) => body.status === status,
  );
}

async function reasons(id: string): Promise<Reason[]> {
  const { status, body } = await api.get<{ reasons: Reason[] }>(`/runs/${id}/explain`);
  expect(status).toBe(200);
  return body.reasons;
}

async function explained(id: string, type: string): Promise<Reason> {
  const found = await eventually(
    () => reasons(id),
    (all) => all.some((reason) => reason.type === type),
  );
  return found.find((reason) => reason.type === type) as Reason;
}

describe('the rate of a workflow', () => {
  it('is refused where it means nothing', async () => {
    const store = (rate: object) => api.post('/workflows', { name: 'limits/faulty', nodes: [SET], settings: { rate } });
    expect(await store({ limit: 0, per_ms: 1_000 })).toMatchObject({ status: 422, body: { errors: [{ path: '/settings/rate/limit' }] } });
    expect(await store({ limit: 1 })).toMatchObject({ status: 422, body: { errors: [{ path: '/settings/rate/per_ms' }] } });
    expect(await store({ limit: 1, per_ms: 1_000, burst: 0 })).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/settings/rate/burst' }] },
    });
  });

  it('lets one run start and holds the others, which are told when their turn is', async () => {
    await storeWorkflow(api, { name: 'limits/daily', nodes: [SET], settings: { rate: { limit: 1, per_ms: DAY_MS } } });
    const first = await start('limits/daily');
    expect(first.status).toBe('pending');
    await ended(first.id);
    const [second, third] = [await start('limits/daily'), await start('limits/daily')];
    const reason = await explained(second.id, 'waiting_for_rate');
    expect(reason).toMatchObject({ limit: 1, per_ms: DAY_MS, burst: 1, ahead: 0 });
    const started = Date.parse((await run(first.id)).started_at ?? '');
    expect(Math.abs(Date.parse(String(reason['run_at'])) - started - DAY_MS)).toBeLessThan(10);
    expect(reason['next_at']).toBe(reason['run_at']);
    expect(Date.parse(reason.since)).toBeGreaterThanOrEqual(started);

    const behind = await explained(third.id, 'waiting_for_rate');
    expect(behind).toMatchObject({ ahead: 1, next_at: reason['run_at'] });
    expect(Date.parse(String(behind['run_at'])) - Date.parse(String(reason['run_at']))).toBe(DAY_MS);

    // Whoever leaves the line lets the next one move up.
    await api.post(`/runs/${second.id}/cancel`);
    await ended(second.id, 'cancelled');
    expect(await explained(third.id, 'waiting_for_rate')).toMatchObject({ ahead: 0, run_at: reason['run_at'] });
    await api.post(`/runs/${third.id}/cancel`);
    await ended(third.id, 'cancelled');
  });

  it('spaces starts, one after the other, also of state machines', async () => {
    await storeWorkflow(api, {
      name: 'limits/machine',
      kind: 'states',
      initial: 'done',
      states: { done: { type: 'terminal', status: 'success' } },
      settings: { rate: { limit: 10, per_ms: 1_000, burst: 1 } },
    });
    const runs = await Promise.all(Array.from({ length: 6 }, () => start('limits/machine')));
    for (const { id } of runs) await ended(id);
    const starts = (await Promise.all(runs.map(({ id }) => run(id))))
      .map((body) => Date.parse(body.started_at ?? ''))
      .toSorted((a, b) => a - b);
    // Times are shown in whole milliseconds.
    for (const [index, at] of starts.entries()) if (index > 0) expect(at - (starts[index - 1] ?? 0)).toBeGreaterThanOrEqual(99);
  });

  it('is of one tenant and one workflow', async () => {
    const other = await app.createKey({ tenant: 'other', role: 'admin' });
    const definition = { name: 'limits/daily', nodes: [SET], settings: { rate: { limit: 1, per_ms: DAY_MS } } };
    await storeWorkflow(other.api, definition);
    const theirs = await start('limits/daily', {}, other.api);
    await eventually(
      async () => (await other.api.get<RunBody>(`/runs/${theirs.id}`)).body,
      ({ status }) => status === 'success',
    );
  });
});

describe('a paused workflow', () => {
  it('accepts runs and starts none until it is resumed', async () => {
    await storeWorkflow(api, { name: 'limits/paused', nodes: [SET] });
    const sleeper = await storeWorkflow(api, { name: 'limits/sleeper', nodes: [SLEEP] });
    const running = await start('limits/sleeper');
    await explained(running.id, 'waiting_for_timer');
    await storeWorkflow(api, {
      name: 'limits/caller',
      nodes: [{ id: 'call', type: 'workflow.run', config: { workflow: 'limits/paused', inputs: {} } }],
    });

    const paused = await api.post<PauseBody>(`${path('limits/paused')}/pause`, { reason: 'the partner is down' });
    expect(paused).toMatchObject({
      status: 200,
      body: { name: 'limits/paused', paused: { by: 'bootstrap', reason: 'the partner is down' } },
    });
    await api.post(`${path(sleeper.id)}/pause`);
    expect((await api.get<PauseBody>(path('limits/paused'))).body.paused).toEqual(paused.body.paused);
    // Who was first stays named.
    expect((await api.post<PauseBody>(`${path('limits/paused')}/pause`, { reason: 'me too' })).body).toEqual(paused.body);

    const direct = await start('limits/paused');
    expect(direct.status).toBe('pending');
    const held = await explained(direct.id, 'workflow_paused');
    expect(held).toMatchObject({ since: paused.body.paused?.since, by: 'bootstrap', reason: 'the partner is down' });
    expect(held['moved_by']).toContain('/resume');
    const waited = await api.post<RunBody>(`${path('limits/paused')}/runs`, {}, { query: { wait: '100ms' } });
    expect(waited).toMatchObject({ status: 202, body: { status: 'pending' } });
    const soon = await start('limits/paused', { run_at: new Date(Date.now() + 300).toISOString() });
    expect((await reasons(soon.id)).map(({ type }) => type)).toEqual(['workflow_paused', 'scheduled']);
    const caller = await start('limits/caller');
    const child = await explained(caller.id, 'waiting_for_child');
    expect(await explained(String(child['run_id']), 'workflow_paused')).toMatchObject({ by: 'bootstrap' });
    await eventually(
      () => reasons(soon.id),
      (all) => all.every(({ type }) => type === 'workflow_paused'),
    );
    // What has started goes on.
    expect((await reasons(running.id)).map(({ type }) => type)).toEqual(['waiting_for_timer']);
    const listed = await api.get<{ data: RunBody[] }>('/runs', { query: { workflow: 'limits/paused', status: 'pending' } });
    expect(listed.body.data).toHaveLength(4);

    expect(await api.post(`${path('limits/paused')}/resume`)).toMatchObject({ status: 200, body: { name: 'limits/paused', paused: null } });
    for (const id of [direct.id, waited.body.id, soon.id, caller.id]) await ended(id);
    expect((await api.get<PauseBody>(path('limits/paused'))).body.paused).toBeNull();
    expect(await api.post(`${path('limits/paused')}/resume`)).toMatchObject({ status: 200, body: { paused: null } });
    await api.post(`${path('limits/sleeper')}/resume`);
    await api.post(`/runs/${running.id}/cancel`);
  });

  it('lets a held run be cancelled', async () => {
    await storeWorkflow(api, { name: 'limits/cancelled', nodes: [SET] });
    await api.post(`${path('limits/cancelled')}/pause`);
    const held = await start('limits/cancelled');
    await explained(held.id, 'workflow_paused');
    await api.post(`/runs/${held.id}/cancel`);
    await ended(held.id, 'cancelled');
  });

  it('stays paused when it is deleted; its id can still resume it', async () => {
    const { id } = await storeWorkflow(api, { name: 'limits/deleted', nodes: [SET] });
    await api.post(`${path(id)}/pause`);
    const held = await start('limits/deleted');
    expect((await api.delete(path(id))).status).toBe(204);
    expect((await api.post(`${path('limits/deleted')}/resume`)).status).toBe(404);
    expect((await api.post(`${path(id)}/pause`)).status).toBe(404);
    await explained(held.id, 'workflow_paused');
    expect((await api.post(`${path(id)}/resume`)).status).toBe(200);
    await ended(held.id);
    expect((await api.post(`${path(id)}/resume`)).status).toBe(404);
  });

  it('is paused by who may, in the own tenant', async () => {
    const { id } = await storeWorkflow(api, { name: 'limits/mine', nodes: [SET] });
    const viewer = await app.createKey({ role: 'viewer' });
    expect((await viewer.api.post(`${path(id)}/pause`)).status).toBe(403);
    expect((await viewer.api.post(`${path(id)}/resume`)).status).toBe(403);
    const stranger = await app.createKey({ tenant: 'strangers', role: 'admin' });
    for (const ref of [id, 'limits/mine']) {
      expect((await stranger.api.post(`${path(ref)}/pause`)).status).toBe(404);
      expect((await stranger.api.post(`${path(ref)}/resume`)).status).toBe(404);
    }
    expect((await api.post(`${path('no such thing')}/pause`)).status).toBe(404);
    expect((await api.post(`${path(id)}/pause`, { reason: 5 })).status).toBe(422);
    expect((await api.get<PauseBody>(path(id))).body.paused).toBeNull();
  });
});

describe('priorities', () => {
  it('say how many runs come first', async () => {
    const full = await startApp({ env: { HEDDLE_WORKER_CONCURRENCY: '1', HEDDLE_PARK_AFTER_MS: '600000' } });
    try {
      await storeWorkflow(full.api, { name: 'limits/wait', nodes: [{ id: 'gate', type: 'control.wait', config: { name: 'go' } }] });
      const holder = await start('limits/wait', {}, full.api);
      const low = await start('limits/wait', { priority: -50 }, full.api);
      const plain = await start('limits/wait', {}, full.api);
      const high = await start('limits/wait', { priority: 50 }, full.api);
      const reason = async (id: string): Promise<unknown> =>
        (await full.api.get<{ reasons: Reason[] }>(`/runs/${id}/explain`)).body.reasons[0];
      expect(await reason(holder.id)).not.toMatchObject({ type: 'waiting_for_worker' });
      expect(await reason(low.id)).toMatchObject({ type: 'waiting_for_worker', priority: -50, ahead: 2, workers: [{ runs: 1 }] });
      expect(await reason(plain.id)).toMatchObject({ type: 'waiting_for_worker', priority: 0, ahead: 1 });
      expect(await reason(high.id)).toMatchObject({ type: 'waiting_for_worker', priority: 50, ahead: 0 });
    } finally {
      await full.close();
    }
  });
});
