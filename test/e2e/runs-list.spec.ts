import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually, runToEnd, storeWorkflow, type RunBody } from '../support/runs.js';

interface RunPage {
  readonly data: RunBody[];
  readonly next_cursor: string | null;
}

let app: TestApp;
const ids: string[] = [];

beforeAll(async () => {
  app = await startApp();
  await storeWorkflow(app.api, { name: 'demo/quick', nodes: [{ id: 'a', type: 'transform.set', config: { values: { n: 1 } } }] });
  await storeWorkflow(app.api, { name: 'demo/fail', nodes: [{ id: 'a', type: 'control.fail', config: { message: 'no' } }] });
  await storeWorkflow(app.api, { name: 'demo/sleep', nodes: [{ id: 'a', type: 'time.delay', config: { delay_ms: 600000 } }] });
  await storeWorkflow(app.api, {
    name: 'demo/parent',
    nodes: [{ id: 'call', type: 'workflow.run', config: { workflow: 'demo/quick', inputs: {} } }],
  });
  for (let index = 0; index < 5; index += 1)
    ids.push((await runToEnd(app.api, 'demo/quick', { tags: [index % 2 === 0 ? 'even' : 'odd'] })).id);
  ids.push((await runToEnd(app.api, 'demo/fail')).id);
  const sleeping = await app.api.post<RunBody>('/workflows/demo%2Fsleep/runs');
  ids.push(sleeping.body.id);
  await eventually(
    () => list({ status: 'waiting,running' }),
    (page) => page.data.some((run) => run.id === sleeping.body.id),
  );
});
afterAll(() => app?.close());

async function list(query: Record<string, string | number> = {}): Promise<RunPage> {
  const { status, body } = await app.api.get<RunPage>('/runs', { query });
  expect(status).toBe(200);
  return body;
}

async function idsOf(query: Record<string, string | number>): Promise<string[]> {
  return (await list(query)).data.map((run) => run.id);
}

describe('the list of runs', () => {
  it('is newest first and adds up page by page', async () => {
    expect(await idsOf({})).toEqual(ids.toReversed());
    const paged: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await list(cursor === undefined ? { limit: 2 } : { limit: 2, cursor });
      expect(page.data.length).toBeLessThanOrEqual(2);
      paged.push(...page.data.map((run) => run.id));
      cursor = page.next_cursor;
    }
    expect(paged).toEqual(ids.toReversed());
  });

  it('is narrowed by workflow, status, tag, trigger, time and parent', async () => {
    const { id: workflowId } = (await app.api.get<{ id: string }>('/workflows/demo%2Ffail')).body;
    expect(await idsOf({ workflow: 'demo/fail' })).toEqual([ids[5]]);
    expect(await idsOf({ workflow: workflowId })).toEqual([ids[5]]);
    expect(await idsOf({ workflow: 'demo/unknown' })).toEqual([]);
    expect(await idsOf({ agent: 'demo/fail' })).toEqual([]);
    expect(await idsOf({ status: 'failed' })).toEqual([ids[5]]);
    expect(await idsOf({ status: 'failed,success', limit: 2 })).toEqual([ids[5], ids[4]]);
    expect(await idsOf({ tag: 'odd' })).toEqual([ids[3], ids[1]]);
    expect(await idsOf({ trigger: 'cron' })).toEqual([]);
    expect(await idsOf({ until: '2020-01-01T00:00:00Z' })).toEqual([]);
    const created = (await app.api.get<RunBody>(`/runs/${ids[5]}`)).body.created_at;
    expect(await idsOf({ since: created })).toEqual([ids[6], ids[5]]);
    const parent = await runToEnd(app.api, 'demo/parent');
    const children = (await list({ parent: parent.id })).data;
    expect(children).toMatchObject([{ workflow: { name: 'demo/quick' }, parent_run_id: parent.id, trigger: 'run', status: 'success' }]);
  });

  it('keeps the runs of a deleted workflow, by its name too', async () => {
    await storeWorkflow(app.api, { name: 'demo/gone', nodes: [{ id: 'a', type: 'transform.set', config: { values: { n: 1 } } }] });
    const first = await runToEnd(app.api, 'demo/gone');
    expect((await app.api.delete('/workflows/demo%2Fgone')).status).toBe(204);
    expect(await idsOf({ workflow: 'demo/gone' })).toEqual([first.id]);
    expect((await app.api.get(`/runs/${first.id}`)).status).toBe(200);
    await storeWorkflow(app.api, { name: 'demo/gone', nodes: [{ id: 'b', type: 'transform.set', config: { values: { n: 2 } } }] });
    const second = await runToEnd(app.api, 'demo/gone');
    expect(await idsOf({ workflow: 'demo/gone' })).toEqual([second.id, first.id]);
    expect(await idsOf({ workflow: 'demo/gone', limit: 1 })).toEqual([second.id]);
  });

  it('refuses what it does not understand', async () => {
    for (const query of ['status=sleepy', 'status=failed,', 'since=today', 'parent=x', 'limit=501', 'limit=0', 'nonsense=1']) {
      expect((await app.api.get(`/runs?${query}`)).status).toBe(422);
    }
    expect((await app.api.get('/runs', { query: { cursor: '%%%' } })).status).toBe(400);
  });
});
