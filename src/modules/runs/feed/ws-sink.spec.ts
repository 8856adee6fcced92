import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { FeedFrame } from './feed-sink.js';
import { WsSink, type WsLimits } from './ws-sink.js';

const servers: WebSocketServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    for (const client of server.clients) client.terminate();
    server.close();
  }
});

async function connected(limits: WsLimits): Promise<{ sink: WsSink; client: WebSocket }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  servers.push(server);
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.on('error', () => {});
  await once(client, 'open');
  const [socket] = (await accepted) as [WebSocket];
  return { sink: new WsSink(socket, undefined, limits), client };
}

function frame(index: number, size = 10): FeedFrame {
  return { id: String(index), event: 'step.output', data: { index, text: 'x'.repeat(size) } };
}

describe('a feed over a WebSocket', () => {
  it('drops a peer that stops reading, with 1013 and the reason, and holds no more than a bounded backlog', async () => {
    const { sink, client } = await connected({ bufferBytes: 64 * 1024, slowMs: 200, pingMs: 60_000 });
    const closed = once(client, 'close') as Promise<[number, Buffer]>;
    client.pause();
    let sent = 0;
    while (!sink.closed && sent < 100_000) {
      if (!sink.send(frame(sent, 10_000))) await sink.drained();
      sent += 1;
    }
    expect(sink.closed).toBe(true);
    // What the kernel's socket buffers take, and no more: 20 MB of a gigabyte.
    expect(sent).toBeLessThan(2_000);
    client.resume();
    const [code, reason] = await closed;
    expect([code, reason.toString('utf8')]).toEqual([1013, 'slow_reader']);
  });

  it('waits for a peer that is slow but reads', async () => {
    const { sink, client } = await connected({ bufferBytes: 16 * 1024, slowMs: 5_000, pingMs: 60_000 });
    const seen: number[] = [];
    client.on('message', (message: Buffer) => seen.push((JSON.parse(message.toString('utf8')) as { index: number }).index));
    client.pause();
    setTimeout(() => client.resume(), 100);
    for (let index = 0; index < 1_000; index += 1) if (!sink.send(frame(index, 20_000))) await sink.drained();
    sink.end();
    const [code] = (await once(client, 'close')) as [number];
    expect(code).toBe(1000);
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
  });

  it('notices a peer that is gone without a word', async () => {
    const { sink, client } = await connected({ bufferBytes: 1024, slowMs: 1_000, pingMs: 30 });
    await vi.waitUntil(() => !sink.closed, { timeout: 15_000 });
    client.pause();
    await sink.whenClosed;
    expect(sink.closed).toBe(true);
    client.terminate();
  });

  it('says why it ends', async () => {
    const { sink, client } = await connected({ bufferBytes: 1024, slowMs: 1_000, pingMs: 60_000 });
    const closed = once(client, 'close') as Promise<[number, Buffer]>;
    sink.drop('internal_error');
    const [code, reason] = await closed;
    expect([code, reason.toString('utf8')]).toEqual([1011, 'internal_error']);
    expect(sink.send(frame(1))).toBe(false);
    await sink.drained();
  });
});
