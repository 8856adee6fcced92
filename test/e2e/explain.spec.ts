import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually, runToEnd, storeWorkflow, type RunBody } from '../support/runs.js';

interface Reason {
  readonly type: string;
  readonly since: string;
  readonly moved_by: string;
  readonly [member: string]: unknown;
}

interface Explanation {
  readonly run_id: string;
  readonly status: string;
  readonly reasons: Reason[];
}

let app: TestApp;

beforeAll(async () => {
  app = await startApp({ env: { HEDDLE_PARK_AFTER_MS: '50', HEDDLE_EGRESS_ALLOW: '127.0.0.1' } });
  const sleep = { id: 'pause', type: 'time.delay', config: { delay_ms: 600_000 } };
  await storeWorkflow(app.api, { name: 'demo/quick', nodes: [{ id: 'a', type: 'transform.set', config: { values: { n: 1 } } }] });
  await storeWorkflow(app.api, { name: 'demo/sleep', nodes: [sleep] });
  await storeWorkflow(app.api, {
    name: 'demo/parent',
    nodes: [{ id: 'call', type: 'workflow.run', config: { workflow: 'demo/sleep', inputs: {} } }],
  });
  await storeWorkflow(app.api, {
    name: 'demo/flaky',
    nodes: [
      {
        id: 'try',
        type: 'http.request',
        config: { method: 'GET', url: 'http://127.0.0.1:9/' },
        retry: { max_attempts: 3, backoff: 'constant', initial_delay_ms: 600_000, max_delay_ms: 600_000 },
      },
    ],
  });
  await storeWorkflow(app.api, {
    name: 'demo/one',
    nodes: [sleep],
    settings: { concurrency: { key: 'only', limit: 1, on_conflict: 'queue' } },
  });
});
afterAll(() => app?.close());

async function start(workflow: string, body: object = {}): Promise<string> {
  const answer = await app.api.post<RunBody>(`/workflows/${encodeURIComponent(workflow)}/runs`, body);
  expect(answer.status).toBe(202);
  return answer.body.id;
}

async function explain(id: string): Promise<Explanation> {
  const { status, body } = await app.api.get<Explanation>(`/runs/${id}/explain`);
  expect(status).toBe(200);
  expect(body.run_id).toBe(id);
  for (const reason of body.reasons)
    expect([reason.since, reason.moved_by]).toEqual([expect.stringMatching(/Z$/), expect.stringMatching(/\.$/)]);
  return body;
}

async function explained(id: string, type: string): Promise<Explanation> {
  return eventually(
    () => explain(id),
    ({ reasons }) => reasons.some((reason) => reason.type === type),
  );
}

describe('an explanation', () => {
  it('says that a run is over, and how', async () => {
    const { id } = await runToEnd(app.api, 'demo/quick');
    expect(await explain(id)).toMatchObject({ status: 'success', reasons: [{ type: 'terminal', status: 'success' }] });
  });

  it('names the timer a run waits for', async () => {
    const id = await start('demo/sleep');
    const { status, reasons } = await explained(id, 'waiting_for_timer');
    expect(['waiting', 'running']).toContain(status);
    const reason = reasons.find(({ type }) => type === 'waiting_for_timer');
    expect(reason).toMatchObject({ step: 'pause' });
    expect(Date.parse(String(reason?.['until'])) - Date.now()).toBeGreaterThan(500_000);
    await eventually(
      () => explain(id),
      (now) => now.status === 'waiting',
    );
  });

  it('names the child a run waits for, whose own explanation goes on', async () => {
    const id = await start('demo/parent');
    const { reasons } = await explained(id, 'waiting_for_child');
    const child = reasons.find(({ type }) => type === 'waiting_for_child');
    expect(child).toMatchObject({ step: 'call' });
    await explained(String(child?.['run_id']), 'waiting_for_timer');
    await app.api.post(`/runs/${id}/cancel`);
    await explained(id, 'terminal');
    await explained(String(child?.['run_id']), 'terminal');
  });

  it('tells what failed and when it is tried again', async () => {
    const id = await start('demo/flaky');
    const { reasons } = await explained(id, 'retrying');
    expect(reasons.find(({ type }) => type === 'retrying')).toMatchObject({
      step: 'try',
      attempt: 2,
      error: { code: 'connect_failed' },
    });
  });

  it('names who holds a concurrency key, and a start that is yet to come', async () => {
    const holder = await start('demo/one');
    const queued = await start('demo/one');
    expect(await explain(queued)).toMatchObject({
      status: 'pending',
      reasons: [{ type: 'queued_for_concurrency', key: 'only', limit: 1, holders: [{ run_id: holder }] }],
    });
    await app.api.post(`/runs/${holder}/cancel`);
    await explained(queued, 'waiting_for_timer');

    const runAt = new Date(Date.now() + 3_600_000).toISOString();
    const later = await start('demo/quick', { run_at: runAt });
    expect(await explain(later)).toMatchObject({ status: 'pending', reasons: [{ type: 'scheduled', run_at: runAt }] });
    await app.api.post(`/runs/${later}/cancel`);
    await explained(later, 'terminal');
  });
});
