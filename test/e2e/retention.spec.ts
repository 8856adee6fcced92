import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JournalPartitions } from '../../src/modules/runs/index.js';
import { HookReceiver } from '../support/hook-receiver.js';
import { type ApiClient, startApp, type TestApp } from '../support/index.js';
import { eventually, type RunBody, runToEnd, storeWorkflow } from '../support/runs.js';

/** About a second: the shortest that the loop looks for. */
const SOON = 0.00001;

let app: TestApp;
let api: ApiClient;
let database: DataSource;
let outside: HookReceiver;

beforeAll(async () => {
  outside = await HookReceiver.start();
  app = await startApp({
    env: { HEDDLE_RETENTION_SUCCESS: String(SOON), HEDDLE_PARK_AFTER_MS: '20', HEDDLE_EGRESS_ALLOW: '127.0.0.1' },
  });
  ({ api } = app);
  database = app.app.get(DataSource);
});
afterAll(async () => {
  await app.close();
  outside.stop();
});

const quick = { id: 'say', type: 'debug.log', config: { message: 'hello' } };
const fails = { id: 'no', type: 'control.fail', config: { message: 'no' } };
const path = (workflow: string): string => `/workflows/${encodeURIComponent(workflow)}/runs`;

async function begin(workflow: string, body: object = {}): Promise<string> {
  const { status, body: run } = await api.post<RunBody>(path(workflow), body);
  expect(status).toBe(202);
  return run.id;
}

const statusOf = async (run: string): Promise<number> => (await api.get(`/runs/${run}`)).status;
const gone = (run: string): Promise<number> =>
  eventually(
    () => statusOf(run),
    (status) => status === 404,
    30_000,
  );
const reached = (run: string, status: string): Promise<RunBody> =>
  eventually(
    async () => (await api.get<RunBody>(`/runs/${run}`)).body,
    (body) => body.status === status,
    30_000,
  );

/** How many rows of a table belong to the run. */
async function rowsOf(table: string, run: string, column = 'run_id'): Promise<number> {
  const [row] = await database.query<{ count: number }[]>(`SELECT count(*)::int AS count FROM ${table} WHERE ${column} = $1`, [run]);
  return row?.count ?? 0;
}

/** A run ends and another of the same age is deleted: retention has passed over both. */
async function aPassLater(): Promise<void> {
  await storeWorkflow(api, { name: 'keep/beacon', nodes: [quick] });
  await gone((await runToEnd(api, 'keep/beacon')).id);
}

describe('runs whose time is over', { timeout: 60_000 }, () => {
  it('are gone everywhere: lists, events, approvals, signals', async () => {
    await storeWorkflow(api, {
      name: 'keep/asked',
      nodes: [
        { id: 'gate', type: 'control.approval', config: { message: 'Go on?' } },
        { id: 'go', type: 'control.wait', needs: ['gate'], config: { name: 'go' } },
      ],
    });
    const run = await begin('keep/asked', { tags: ['gone'] });
    await eventually(
      async () => (await api.post(`/runs/${run}/approve`)).status,
      (status) => status === 200,
    );
    await api.post(`/runs/${run}/signals/go`, {});
    await gone(run);
    expect((await api.get(`/runs/${run}/events`)).status).toBe(404);
    expect((await api.get(`/runs/${run}/steps`)).status).toBe(404);
    expect((await api.get<{ data: unknown[] }>('/runs', { query: { tag: 'gone' } })).body.data).toEqual([]);
    expect((await api.get<{ data: unknown[] }>('/approvals', { query: { run_id: run } })).body.data).toEqual([]);
    for (const table of ['run_events', 'run_signals', 'approvals', 'artifacts'])
      expect({ table, rows: await rowsOf(table, run) }).toEqual({ table, rows: 0 });
    expect(await rowsOf('runs', run, 'id')).toBe(0);
  });

  it('are those of the statuses that have a time; what is not over never is', async () => {
    await storeWorkflow(api, { name: 'keep/fails', nodes: [fails] });
    await storeWorkflow(api, { name: 'keep/waits', nodes: [{ id: 'wait', type: 'time.delay', config: { delay_ms: 3_600_000 } }] });
    const failed = await runToEnd(api, 'keep/fails');
    const waiting = await begin('keep/waits');
    await reached(waiting, 'waiting');
    await aPassLater();
    expect((await api.get<RunBody>(`/runs/${failed.id}`)).body.status).toBe('failed');
    expect((await api.get<RunBody>(`/runs/${waiting}`)).body.status).toBe('waiting');
    expect((await api.get<{ data: unknown[] }>(`/runs/${failed.id}/events`)).body.data.length).toBeGreaterThan(2);
    await api.post(`/runs/${waiting}/cancel`, {});
  });

  it('are judged by the latest version of their workflow, which may keep for ever what the server would not', async () => {
    await storeWorkflow(api, { name: 'keep/mine', nodes: [quick], settings: { retention: { success: null } } });
    const kept = await runToEnd(api, 'keep/mine');
    await aPassLater();
    expect(await statusOf(kept.id)).toBe(200);
    await storeWorkflow(api, { name: 'keep/mine', nodes: [fails], settings: { retention: { success: SOON, failed: SOON } } });
    await gone(kept.id);
    await gone((await runToEnd(api, 'keep/mine')).id);
    const wrong = await api.post('/workflows', { name: 'keep/wrong', nodes: [quick], settings: { retention: { success: -1 } } });
    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ path: '/settings/retention/success' }] } });
  });

  it('stay while the run that started them is not over', async () => {
    await storeWorkflow(api, { name: 'keep/child', nodes: [quick] });
    await storeWorkflow(api, {
      name: 'keep/parent',
      nodes: [
        { id: 'call', type: 'workflow.run', config: { workflow: 'keep/child' } },
        { id: 'wait', type: 'control.wait', needs: ['call'], config: { name: 'go' } },
      ],
    });
    const parent = await begin('keep/parent');
    await reached(parent, 'waiting');
    const { data } = await eventually(
      async () => (await api.get<{ data: RunBody[] }>('/runs', { query: { parent } })).body,
      (page) => page.data[0]?.status === 'success',
    );
    const child = data[0]?.id ?? '';
    await aPassLater();
    expect(await statusOf(child)).toBe(200);
    expect(await api.delete(`/runs/${child}`)).toMatchObject({ status: 409, body: { code: 'run_needed' } });
    await api.post(`/runs/${parent}/signals/go`, {});
    await gone(parent);
    await gone(child);
  });

  it('stay until every webhook has been told of them', async () => {
    outside.answers.set('/told', 200);
    const { body: webhook } = await api.post<{ id: string }>('/webhooks', { url: `${outside.url}/told`, events: ['run.completed'] });
    const run = await runToEnd(api, 'keep/child');
    await gone(run.id);
    await eventually(
      () => Promise.resolve(outside.messages.filter((message) => message.body.includes(run.id)).length),
      (count) => count === 1,
    );
    await api.delete(`/webhooks/${webhook.id}`);
  });
});

describe('a partition of the journal', { timeout: 60_000 }, () => {
  const DAY = 24 * 60 * 60 * 1000;

  /** Runs as they were `days` ago, in a partition of their time: all over, or with one that still waits for its time. */
  async function past(days: number, waiting: boolean): Promise<{ partition: string; runs: string[] }> {
    const at = Date.now() - days * DAY;
    const [partition = ''] = await app.app.get(JournalPartitions).ensure(at);
    const { body: workflow } = await api.get<{ id: string; version_id: string }>('/workflows/keep%2Fbeacon');
    const runs = [0, 1, 2].map((nth) => uuidv7({ msecs: at + nth }));
    for (const [index, run] of runs.entries()) {
      const live = waiting && index === 1;
      await database.query(
        `INSERT INTO runs (id, tenant_id, kind, workflow_id, version_id, subject_name, subject_version, status, trigger, created_at, started_at, finished_at)
         VALUES ($1, 'default', 'workflow', $2, $3, 'keep/beacon', 1, $4, 'api', to_timestamp($5), to_timestamp($5), $6)`,
        [run, workflow.id, workflow.version_id, live ? null : 'success', at / 1000, live ? null : new Date(at)],
      );
      await database.query(
        `INSERT INTO run_events (run_id, seq, span, tenant_id, type, attempt, at, started_at, data, hash)
         VALUES ($1, 2, 2, 'default', 'run.started', 0, to_timestamp($2), to_timestamp($2), '{"inputs":{}}', '\\x00')`,
        [run, at / 1000],
      );
      if (!live) continue;
      await database.query(
        `INSERT INTO live_runs (run_id, tenant_id, workflow_id, version_id, state, ready_at, wake_at) VALUES ($1, 'default', $2, $3, 'waiting', now(), now() + interval '1 day')`,
        [run, workflow.id, workflow.version_id],
      );
    }
    return { partition, runs };
  }

  const partitionNames = async (): Promise<string[]> => (await app.app.get(JournalPartitions).list()).map(({ name }) => name);

  it('is dropped when the time of all its runs is over, and kept for the one that waits', async () => {
    await aPassLater();
    const kept = await past(60, true);
    const dropped = await past(30, false);
    await eventually(partitionNames, (names) => !names.includes(dropped.partition), 30_000);
    for (const run of [...dropped.runs, kept.runs[0] ?? '', kept.runs[2] ?? '']) {
      expect(await statusOf(run)).toBe(404);
      expect(await rowsOf('run_events', run)).toBe(0);
    }
    const [, waiting = ''] = kept.runs;
    expect(await statusOf(waiting)).toBe(200);
    expect(await rowsOf('run_events', waiting)).toBe(1);
    await aPassLater();
    expect(await partitionNames()).toContain(kept.partition);
  });
});

describe('DELETE /runs/{id}', { timeout: 60_000 }, () => {
  it('deletes a run that is over, refuses one that is not', async () => {
    await storeWorkflow(api, { name: 'keep/fails', nodes: [fails] });
    const failed = await runToEnd(api, 'keep/fails');
    expect((await api.delete(`/runs/${failed.id}`)).status).toBe(204);
    expect((await api.delete(`/runs/${failed.id}`)).status).toBe(404);
    expect(await rowsOf('run_events', failed.id)).toBe(0);
    await storeWorkflow(api, { name: 'keep/waits', nodes: [{ id: 'wait', type: 'time.delay', config: { delay_ms: 3_600_000 } }] });
    const waiting = await begin('keep/waits');
    expect(await api.delete(`/runs/${waiting}`)).toMatchObject({ status: 409, body: { code: 'run_not_over' } });
    await api.post(`/runs/${waiting}/cancel`, {});
    await reached(waiting, 'cancelled');
    const { api: operator } = await app.createKey({ role: 'operator' });
    expect((await operator.delete(`/runs/${waiting}`)).status).toBe(403);
    expect((await api.delete(`/runs/${waiting}`)).status).toBe(204);
  });

  it('keeps a run that was resumed until the one that goes on with it is deleted', async () => {
    await storeWorkflow(api, { name: 'keep/resumed', nodes: [quick, { ...fails, needs: ['say'] }] });
    const first = await runToEnd(api, 'keep/resumed');
    const { body: second } = await api.post<RunBody>(`/runs/${first.id}/resume`, {});
    await reached(second.id, 'failed');
    expect(await api.delete(`/runs/${first.id}`)).toMatchObject({ status: 409, body: { code: 'run_needed' } });
    expect((await api.delete(`/runs/${second.id}`)).status).toBe(204);
    expect((await api.delete(`/runs/${first.id}`)).status).toBe(204);
  });
});
