import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually, runToEnd, storeWorkflow, type RunBody } from '../support/runs.js';

type Stats = Record<string, number | null>;

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
  await storeWorkflow(app.api, { name: 'demo/quick', nodes: [{ id: 'a', type: 'transform.set', config: { values: { n: 1 } } }] });
  await storeWorkflow(app.api, { name: 'demo/fail', nodes: [{ id: 'a', type: 'control.fail', config: { message: 'no' } }] });
  await storeWorkflow(app.api, { name: 'demo/sleep', nodes: [{ id: 'a', type: 'time.delay', config: { delay_ms: 600000 } }] });
});
afterAll(() => app?.close());

async function stats(query: Record<string, string> = {}): Promise<Stats> {
  const { status, body } = await app.api.get<Stats>('/runs/stats', { query });
  expect(status).toBe(200);
  return body;
}

describe('the statistics of runs', () => {
  it('count every status and measure what is over', async () => {
    expect(await stats()).toMatchObject({
      total: 0,
      success: 0,
      success_rate: null,
      avg_duration_ms: null,
      p50_ms: null,
      p95_ms: null,
      p99_ms: null,
    });
    for (let index = 0; index < 3; index += 1) await runToEnd(app.api, 'demo/quick');
    await runToEnd(app.api, 'demo/fail');
    const { body: sleeper } = await app.api.post<RunBody>('/workflows/demo%2Fsleep/runs');
    const all = await eventually(
      () => stats(),
      (now) => now['waiting'] === 1 || now['running'] === 1,
    );
    expect(all).toMatchObject({ total: 5, success: 3, failed: 1, cancelled: 0, success_rate: 0.75 });
    for (const name of ['avg_duration_ms', 'p50_ms', 'p95_ms', 'p99_ms']) expect(all[name]).toBeGreaterThanOrEqual(0);
    expect(all['p50_ms']).toBeLessThanOrEqual(all['p99_ms'] ?? 0);

    expect(await stats({ workflow: 'demo/quick' })).toMatchObject({ total: 3, success: 3, success_rate: 1 });
    expect(await stats({ workflow: 'demo/unknown' })).toMatchObject({ total: 0, success_rate: null });
    expect(await stats({ until: '2020-01-01T00:00:00Z' })).toMatchObject({ total: 0 });
    expect(await stats({ since: '2020-01-01T00:00:00Z' })).toMatchObject({ total: 5 });

    await app.api.post(`/runs/${sleeper.id}/cancel`);
    await eventually(
      () => stats(),
      (now) => now['cancelled'] === 1,
    );
    const other = (await app.createKey({ tenant: 'other' })).api;
    expect((await other.get<Stats>('/runs/stats')).body).toMatchObject({ total: 0 });
  });
});
