import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { realPostgres, startApp, type RealPostgres, type TestApp } from '../support/index.js';
import { eventually, openStream, runToEnd, storeWorkflow, type EventBody, type RunBody } from '../support/runs.js';

let server: RealPostgres;
let url: string;
let api: TestApp;
let worker: TestApp | undefined;

beforeAll(async () => {
  server = await realPostgres();
  url = await server.createDatabase();
  api = await startApp({ env: { DATABASE_URL: url, HEDDLE_ROLE: 'api' } });
  await storeWorkflow(api.api, {
    name: 'demo/three',
    nodes: [
      { id: 'a', type: 'transform.set', config: { values: { n: 1 } } },
      { id: 'b', type: 'transform.set', needs: ['a'], config: { values: { n: '{{ nodes.a.output.n + 1 }}' } } },
      { id: 'c', type: 'debug.log', needs: ['b'], config: { message: 'n is {{ nodes.b.output.n }}' } },
    ],
    outputs: '{{ nodes.b.output.n }}',
  });
});
afterAll(async () => {
  await worker?.close();
  await api?.close();
  await server?.stop();
});

describe('a node that executes nothing', () => {
  it('explains that nobody takes a run, and waits for who does', async () => {
    const { body: run } = await api.api.post<RunBody>('/workflows/demo%2Fthree/runs');
    expect(run).toMatchObject({ status: 'pending', started_at: null, worker: null });
    const { body } = await api.api.get(`/runs/${run.id}/explain`);
    expect(body).toMatchObject({ status: 'pending', reasons: [{ type: 'waiting_for_worker', workers: [], ahead: 0 }] });

    const stream = await openStream(api.api, `/runs/${run.id}/events`);
    await vi.waitUntil(() => stream.messages.length === 1, { timeout: 15_000 });
    worker = await startApp({ env: { DATABASE_URL: url, HEDDLE_ROLE: 'worker', HEDDLE_BOOTSTRAP_ADMIN_KEY: api.adminKey } });
    await stream.closed;
    expect(stream.messages.at(-1)).toMatchObject({ event: 'run.completed' });
    expect(stream.messages.map((message) => message.id)).toEqual(stream.messages.map((_, index) => String(index + 1)));
    await eventually(
      async () => (await api.api.get<RunBody>(`/runs/${run.id}`)).body,
      (now) => now.status === 'success',
    );
  });

  it('hears of what another node commits well before it would look by itself', async () => {
    await runToEnd(api.api, 'demo/three');
    const feed = await openStream(api.api, '/events', { query: { types: 'run.completed' } });
    const times: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const begun = performance.now();
      const run = await runToEnd(api.api, 'demo/three');
      times.push(performance.now() - begun);
      expect(run).toMatchObject({ status: 'success', outputs: 2, progress: { completed: 3, total: 3 } });
      expect((await api.api.get(`/runs/${run.id}`)).body).toEqual(run);
    }
    // Polls come every one to two seconds.
    expect(times.toSorted((a, b) => a - b)[5]).toBeLessThan(500);
    await vi.waitUntil(() => feed.messages.length === 10, { timeout: 15_000 });
    feed.leave();
  });

  it('shows the same events as the node that executes', async () => {
    const run = await runToEnd(api.api, 'demo/three');
    const here = await api.api.get<{ data: EventBody[] }>(`/runs/${run.id}/events`);
    const there = await worker?.api.get<{ data: EventBody[] }>(`/runs/${run.id}/events`);
    expect(there?.status === 404 ? here.body : there?.body).toEqual(here.body);
  });
});
