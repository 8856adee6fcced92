import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { openStream, runToEnd, storeWorkflow, type EventBody, type RunBody } from '../support/runs.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
  await storeWorkflow(app.api, {
    name: 'demo/many',
    nodes: [
      { id: 'first', type: 'transform.set', config: { values: { n: 1 } } },
      {
        id: 'items',
        type: 'debug.log',
        needs: ['first'],
        for_each: { items: '{{ range(20) }}', max_parallel: 4 },
        config: { message: 'item {{ item }}' },
      },
      { id: 'nap', type: 'time.delay', needs: ['items'], config: { delay_ms: 300 } },
      { id: 'last', type: 'debug.log', needs: ['nap'], config: { message: 'done', level: 'warn' } },
    ],
  });
});
afterAll(() => app?.close());

async function pages(runId: string, limit: number, query: Record<string, string> = {}): Promise<EventBody[]> {
  const events: EventBody[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const { status, body }: { status: number; body: { data: EventBody[]; next_cursor: string | null } } = await app.api.get(
      `/runs/${runId}/events`,
      {
        query: { ...query, limit, cursor },
      },
    );
    expect(status).toBe(200);
    expect(body.data.length).toBeLessThanOrEqual(limit);
    events.push(...body.data);
    cursor = body.next_cursor;
  }
  return events;
}

function overSocket(path: string): Promise<EventBody[]> {
  const { promise, resolve, reject } = Promise.withResolvers<EventBody[]>();
  const events: EventBody[] = [];
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}/api/v1${path}`, { headers: { authorization: `Bearer ${app.adminKey}` } });
  socket.on('message', (message: Buffer) => events.push(JSON.parse(message.toString('utf8')) as EventBody));
  socket.on('close', (code) => (code === 1000 ? resolve(events) : reject(new Error(`closed with ${code}`))));
  socket.on('error', reject);
  return promise;
}

describe('the events of a run', () => {
  it('are gap-free and the same over pages, SSE with a reconnect, and WebSocket, live and afterwards', async () => {
    const started = await app.api.post<RunBody>('/workflows/demo%2Fmany/runs');
    const { id } = started.body;
    const live = await openStream(app.api, `/runs/${id}/events`);
    const liveSocket = overSocket(`/ws/events?run_id=${id}&since=0`);

    // The connection breaks while the run is under way; the client goes on from the last id it saw.
    const broken = await openStream(app.api, `/runs/${id}/events`);
    await vi.waitUntil(() => broken.messages.length >= 7, { timeout: 15_000, interval: 2 });
    broken.leave();
    await broken.closed;
    const seen = broken.messages.slice();
    const rest = await openStream(app.api, `/runs/${id}/events`, { lastEventId: seen.at(-1)?.id ?? '' });

    await live.closed;
    await rest.closed;
    const events = live.messages.map((message) => message.data as unknown as EventBody);
    expect(events.map((event) => event.seq)).toEqual(Array.from({ length: events.length }, (_, index) => index + 1));
    expect(events.at(0)).toMatchObject({ run_id: id, type: 'run.created' });
    expect(events.at(-1)).toMatchObject({ type: 'run.completed' });
    for (const message of live.messages) expect([message.id, message.event]).toEqual([String(message.data['seq']), message.data['type']]);
    expect([...seen, ...rest.messages].map((message) => message.data)).toEqual(events);
    expect(await liveSocket).toEqual(events);

    expect(await pages(id, 500)).toEqual(events);
    expect(await pages(id, 3)).toEqual(events);
    const replay = await openStream(app.api, `/runs/${id}/events`);
    await replay.closed;
    expect(replay.messages.map((message) => message.data)).toEqual(events);
    const tail = await openStream(app.api, `/runs/${id}/events`, { query: { after: '10' } });
    await tail.closed;
    expect(tail.messages.map((message) => message.data)).toEqual(events.slice(10));
    expect(await overSocket(`/ws/events?run_id=${id}`)).toEqual(events);
    expect(await overSocket(`/ws/events?run_id=${id}&since=10`)).toEqual(events.slice(10));
  });

  it('can be narrowed to types, on every transport', async () => {
    const { id } = await runToEnd(app.api, 'demo/many');
    const all = await pages(id, 500);
    const types = 'step.started,run.completed';
    const wanted = all.filter((event) => types.split(',').includes(event.type));
    expect(wanted.length).toBeGreaterThan(20);
    expect(await pages(id, 7, { types })).toEqual(wanted);
    const stream = await openStream(app.api, `/runs/${id}/events`, { query: { types } });
    await stream.closed;
    expect(stream.messages.map((message) => message.data)).toEqual(wanted);
    expect(await overSocket(`/ws/events?run_id=${id}&types=${types}`)).toEqual(wanted);
    expect((await app.api.get(`/runs/${id}/events`, { query: { types: 'nonsense' } })).status).toBe(422);
  });

  it('stream with the headers that proxies need', async () => {
    const { id } = await runToEnd(app.api, 'demo/many');
    const stream = await openStream(app.api, `/runs/${id}/events`);
    await stream.closed;
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(stream.response.headers.get('x-accel-buffering')).toBe('no');
    expect(stream.response.headers.get('cache-control')).toContain('no-cache');
  });

  it('refuse a cursor that is none', async () => {
    const { id } = await runToEnd(app.api, 'demo/many');
    expect((await app.api.get(`/runs/${id}/events`, { query: { cursor: 'bm9uZQ' } })).status).toBe(400);
    const response = await app.api.open('GET', `/runs/${id}/events`, undefined, {
      headers: { accept: 'text/event-stream', 'last-event-id': 'x' },
    });
    expect(response.status).toBe(400);
    await response.body?.cancel();
  });
});

describe('the feed of a tenant', () => {
  it('shows every run in commit order and goes on anywhere', async () => {
    const { api } = await app.createKey({ tenant: 'feed', role: 'operator' });
    await storeWorkflow(api, { name: 'demo/one', nodes: [{ id: 'a', type: 'transform.set', config: { values: { n: 1 } } }] });
    const follower = await openStream(api, '/events', { query: { after: '0' } });
    const fromNow = await openStream(api, '/events');
    const runs = await Promise.all(Array.from({ length: 5 }, () => runToEnd(api, 'demo/one')));
    const expected = (
      await Promise.all(runs.map(async (run) => (await api.get<{ data: EventBody[] }>(`/runs/${run.id}/events`)).body.data))
    ).flat();
    await vi.waitUntil(() => follower.messages.length >= expected.length && fromNow.messages.length >= expected.length, {
      timeout: 10_000,
    });
    const byPlace = (a: EventBody, b: EventBody): number => (a.run_id === b.run_id ? a.seq - b.seq : a.run_id < b.run_id ? -1 : 1);
    const seen = follower.messages.map((message) => message.data as unknown as EventBody);
    expect(seen.toSorted(byPlace)).toEqual(expected.toSorted(byPlace));
    expect(fromNow.messages).toEqual(follower.messages);
    for (const run of runs) expect(seen.filter((event) => event.run_id === run.id).map((event) => event.seq)).toEqual([1, 2, 3, 4, 5]);

    const resumed = await openStream(api, '/events', { lastEventId: follower.messages[7]?.id ?? '' });
    await vi.waitUntil(() => resumed.messages.length >= expected.length - 8, { timeout: 10_000 });
    expect(resumed.messages).toEqual(follower.messages.slice(8));
    const filtered = await openStream(api, '/events', { query: { after: '0', types: 'run.completed', workflow: 'demo/one' } });
    await vi.waitUntil(() => filtered.messages.length === 5, { timeout: 10_000 });
    for (const stream of [follower, fromNow, resumed, filtered]) stream.leave();
  });

  it('holds nothing of another tenant', async () => {
    const mine = (await app.createKey({ tenant: 'mine', role: 'operator' })).api;
    await storeWorkflow(mine, { name: 'demo/one', nodes: [{ id: 'a', type: 'transform.set', config: { values: { n: 1 } } }] });
    const stream = await openStream(mine, '/events', { query: { after: '0' } });
    await runToEnd(app.api, 'demo/many');
    const { id } = await runToEnd(mine, 'demo/one');
    await vi.waitUntil(() => stream.messages.some((message) => message.event === 'run.completed'), { timeout: 10_000 });
    expect(new Set(stream.messages.map((message) => message.data['run_id']))).toEqual(new Set([id]));
    stream.leave();
    expect((await mine.get('/events', { query: { after: 'nonsense' } })).status).toBe(400);
  });
});
