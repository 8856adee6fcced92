import { once } from 'node:events';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TenantFeedReader } from '../../src/modules/runs/index.js';
import { startApp, type TestApp } from '../support/index.js';
import { runToEnd, storeWorkflow, type EventBody } from '../support/runs.js';

type FeedEvent = EventBody & { readonly cursor?: string };

interface Socket {
  readonly socket: WebSocket;
  readonly events: FeedEvent[];
  readonly closed: Promise<{ code: number; reason: string }>;
}

let app: TestApp;
const sockets: WebSocket[] = [];

beforeAll(async () => {
  app = await startApp();
  await storeWorkflow(app.api, { name: 'demo/one', nodes: [{ id: 'a', type: 'transform.set', config: { values: { n: 1 } } }] });
  await storeWorkflow(app.api, { name: 'demo/nap', nodes: [{ id: 'a', type: 'time.delay', config: { delay_ms: 400 } }] });
});
afterAll(async () => {
  for (const socket of sockets) socket.terminate();
  await app?.close();
});

function connect(query: string, key: string | null = app.adminKey, path = '/api/v1/ws/events'): Socket {
  const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}${path}${query}`, { headers });
  sockets.push(socket);
  const events: FeedEvent[] = [];
  socket.on('message', (message: Buffer) => events.push(JSON.parse(message.toString('utf8')) as FeedEvent));
  socket.on('error', () => {});
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString('utf8') })),
  );
  return { socket, events, closed };
}

async function refusal(query: string, key: string | null): Promise<{ status: number | undefined; type: string | undefined }> {
  const { socket } = connect(query, key);
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    { statusCode?: number; headers: Record<string, string>; resume(): void },
  ];
  response.resume();
  return { status: response.statusCode, type: response.headers['content-type'] };
}

describe('the socket of one run', () => {
  it('closes with 1000 after the terminal event, live and afterwards', async () => {
    const { body } = await app.api.post<{ id: string }>('/workflows/demo%2Fnap/runs');
    const live = connect(`?run_id=${body.id}&since=0`);
    expect(await live.closed).toMatchObject({ code: 1000 });
    expect(live.events.map((event) => event.seq)).toEqual(live.events.map((_, index) => index + 1));
    expect(live.events.at(-1)?.type).toBe('run.completed');
    const later = connect(`?run_id=${body.id}&since=2`);
    expect(await later.closed).toMatchObject({ code: 1000 });
    expect(later.events).toEqual(live.events.slice(2));
    const past = connect(`?run_id=${body.id}&since=1000`);
    expect(await past.closed).toMatchObject({ code: 1000 });
    expect(past.events).toEqual([]);
  });

  it('is closed with a reason when it asks for what there is not', async () => {
    const { id } = await runToEnd(app.api, 'demo/one');
    expect(await connect('?run_id=0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b').closed).toEqual({ code: 1008, reason: 'run not found' });
    expect(await connect('?run_id=nonsense').closed).toMatchObject({ code: 1008 });
    expect(await connect(`?run_id=${id}&since=nonsense`).closed).toMatchObject({ code: 1008 });
    expect(await connect(`?run_id=${id}&types=nonsense`).closed).toEqual({ code: 1008, reason: 'nonsense is not an event type' });
    expect(await connect('?since=nonsense').closed).toMatchObject({ code: 1008 });
    const other = await app.createKey({ tenant: 'other' });
    expect(await connect(`?run_id=${id}`, other.key).closed).toEqual({ code: 1008, reason: 'run not found' });
  });
});

describe('the socket of a tenant', () => {
  it('shows all its runs, from now on or from a cursor, and nothing of others', async () => {
    const { key, api } = await app.createKey({ tenant: 'sockets', role: 'operator' });
    await storeWorkflow(api, { name: 'demo/one', nodes: [{ id: 'a', type: 'transform.set', config: { values: { n: 1 } } }] });
    const before = await runToEnd(api, 'demo/one');
    const all = connect('?since=0', key);
    await vi.waitUntil(() => all.events.length === 5, { timeout: 10_000 });
    const fromNow = connect('', key);
    await once(fromNow.socket, 'open');
    const completions = connect('?since=0&types=run.completed', key);
    await vi.waitUntil(() => completions.events.length === 1, { timeout: 10_000 });
    await runToEnd(app.api, 'demo/one');
    const after = await runToEnd(api, 'demo/one');
    await vi.waitUntil(() => all.events.length === 10 && completions.events.length === 2, { timeout: 10_000 });
    expect(all.events.map((event) => `${event.run_id}/${event.seq}`)).toEqual(
      [before, after].flatMap((run) => [1, 2, 3, 4, 5].map((seq) => `${run.id}/${seq}`)),
    );
    expect(completions.events.map((event) => event.run_id)).toEqual([before.id, after.id]);

    const resumed = connect(`?since=${all.events[3]?.cursor ?? ''}`, key);
    await vi.waitUntil(() => resumed.events.length === 6, { timeout: 10_000 });
    expect(resumed.events).toEqual(all.events.slice(4));
    await vi.waitUntil(() => fromNow.events.some((event) => event.run_id === after.id && event.seq === 5), { timeout: 10_000 });
    expect(fromNow.events.filter((event) => event.run_id === after.id)).toEqual(all.events.slice(5));
  });
});

describe('the handshake', () => {
  it('is over once it is known where the feed is, so that nothing is missed that its client does next', async () => {
    const reader = app.app.get(TenantFeedReader, { strict: false });
    const now = vi.spyOn(reader, 'now').mockImplementationOnce(async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return reader.now();
    });
    const { key, api } = await app.createKey({ tenant: 'handshakes', role: 'operator' });
    await storeWorkflow(api, { name: 'demo/one', nodes: [{ id: 'a', type: 'transform.set', config: { values: { n: 1 } } }] });
    const { socket, events } = connect('', key);
    await once(socket, 'open');
    const { id } = await runToEnd(api, 'demo/one');
    await vi.waitUntil(() => events.length === 5, { timeout: 10_000 });
    expect(events.map((event) => event.run_id)).toEqual(Array.from({ length: 5 }, () => id));
    now.mockRestore();
  });

  it('wants a key that may read events', async () => {
    expect(await refusal('', null)).toEqual({ status: 401, type: 'application/problem+json' });
    expect(await refusal('', 'hdl_wrong')).toMatchObject({ status: 401 });
    const { key } = await app.createKey({ role: 'operator', scopes: ['runs.read'] });
    expect(await refusal('', key)).toMatchObject({ status: 403 });
  });

  it('takes the key of a browser as a subprotocol', async () => {
    const { id } = await runToEnd(app.api, 'demo/one');
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/api/v1/ws/events?run_id=${id}`, ['bearer', app.adminKey]);
    sockets.push(socket);
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1000);
    expect(socket.protocol).toBe('bearer');
  });
});
