import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually, storeWorkflow } from '../support/runs.js';

interface Result {
  dry_run: boolean;
  runs: { id: string; status: string; resumed_as?: string; refused?: string }[];
  more: boolean;
}

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await storeWorkflow(app.api, { name: 'bulk/slow', nodes: [{ id: 'a', type: 'time.delay', config: { delay_ms: 600_000 } }] });
});
afterAll(() => app.close());

const start = async (tag: string): Promise<string> =>
  (await app.api.post<{ id: string }>('/workflows/bulk%2Fslow/runs', { tags: [tag] })).body.id;
const statusOf = async (id: string): Promise<string> => (await app.api.get<{ status: string }>(`/runs/${id}`)).body.status;
const bulk = (what: 'cancel' | 'resume', body: object) => app.api.post<Result>(`/runs/bulk/${what}`, body);

describe('bulk changes of runs', () => {
  it('tell first, then cancel, then resume what they cancelled', async () => {
    const ids = [await start('one'), await start('one')];
    const other = await start('two');
    const told = await bulk('cancel', { filter: { tag: 'one' }, dry_run: true });
    expect(told).toMatchObject({ status: 200, body: { dry_run: true, more: false } });
    expect(told.body.runs.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(await statusOf(ids[0] ?? '')).not.toBe('cancelled');

    const done = await bulk('cancel', { filter: { tag: 'one' }, limit: 1, reason: 'wrong' });
    expect(done.body).toMatchObject({ more: true, runs: [{ id: ids[1], status: 'cancelling' }] });
    await bulk('cancel', { filter: { tag: 'one' } });
    for (const id of ids)
      await eventually(
        () => statusOf(id),
        (status) => status === 'cancelled',
      );
    expect(await statusOf(other)).not.toBe('cancelled');

    const resumed = await bulk('resume', { filter: { tag: 'one', status: ['cancelled'] } });
    expect(resumed.body.runs).toHaveLength(2);
    for (const { id, resumed_as } of resumed.body.runs) {
      expect((await app.api.get(`/runs/${resumed_as}`)).body).toMatchObject({ resumed_from: id, tags: ['one'] });
    }
  });

  it('refuse a filter that means everything, or nothing', async () => {
    expect(await bulk('cancel', { filter: {} })).toMatchObject({ status: 422, body: { errors: [{ path: '/filter' }] } });
    expect(await bulk('cancel', { filter: { tag: 'x', status: ['success'] } })).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/filter/status' }] },
    });
    expect(await bulk('resume', { filter: { tag: 'x', colour: 'red' } })).toMatchObject({
      status: 422,
      body: { errors: [{ code: 'unknown_field' }] },
    });
  });

  it('touch the runs of their tenant only', async () => {
    const id = await start('mine');
    const stranger = await app.createKey({ tenant: 'elsewhere' });
    expect((await stranger.api.post<Result>('/runs/bulk/cancel', { filter: { tag: 'mine' } })).body.runs).toEqual([]);
    expect(await statusOf(id)).not.toBe('cancelled');
  });
});
