import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { Response as ExpressResponse } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { EdgeRequest } from '../../src/platform/http/edge-request.js';
import type { EdgeGatewayOptions, UpgradeRequest } from '../../src/platform/http/edge-ws.adapter.js';
import { Endpoint } from '../../src/platform/http/endpoint.decorator.js';
import { openSse, resumePoint, type SseStream } from '../../src/platform/http/sse.js';
import { Drain } from '../../src/platform/lifecycle/index.js';
import { EDGE_ADMIN_KEY, type EdgeApp, json, startEdgeApp } from '../support/edge-app.js';

const LIMITS = { heartbeatMs: 50, bufferBytes: 64 * 1024, slowMs: 300 };
const streams: SseStream[] = [];

@Controller('streams')
class StreamsController {
  @Get()
  @Endpoint({ access: 'events.read', operationId: 'stream', summary: 'stream' })
  stream(@Query('after') after: string | undefined, @Req() request: EdgeRequest, @Res() response: ExpressResponse): void {
    const stream = openSse(request, response, LIMITS);
    streams.push(stream);
    stream.send({ id: 1, event: 'greeting', data: { after: resumePoint(request, after) ?? null, text: 'two\nlines' } });
  }
}

@WebSocketGateway<EdgeGatewayOptions>({ path: '/api/v1/ws/probe', access: 'events.read' })
class ProbeGateway implements OnGatewayConnection {
  handleConnection(client: WebSocket, request: UpgradeRequest): void {
    client.send(JSON.stringify({ tenant: request.principal.tenant }));
  }
}

@WebSocketGateway({ path: '/api/v1/ws/forgotten' })
class ForgottenGateway {}

let app: EdgeApp;

beforeAll(async () => {
  app = await startEdgeApp({ controllers: [StreamsController], providers: [ProbeGateway, ForgottenGateway] });
});
afterAll(async () => {
  await app.close();
});

async function readUntil(response: Response, done: (text: string) => boolean): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (done(text)) break;
  }
  return text;
}

describe('an event stream', () => {
  it('has the headers that proxies need, events, and a heartbeat', async () => {
    const response = await app.fetch('/api/v1/streams?after=7');
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    const text = await readUntil(response, (seen) => seen.split(':\n\n').length > 2);
    expect(text).toMatch(/^id: 1\nevent: greeting\ndata: \{"after":"7","text":"two\\nlines"\}\n\n:\n\n:\n\n/);
  });

  it('continues after the last id that a browser repeats', async () => {
    const response = await app.fetch('/api/v1/streams?after=7', { headers: { 'last-event-id': '9' } });
    expect(await readUntil(response, (seen) => seen.includes('\n\n'))).toContain('"after":"9"');
  });

  it('notices that its reader is gone', async () => {
    const aborter = new AbortController();
    await app.fetch('/api/v1/streams', { signal: aborter.signal });
    const stream = streams.at(-1);
    aborter.abort();
    await expect.poll(() => stream?.closed).toBe(true);
  });

  it('drops a reader that does not read, and holds no more than its bound for it', async () => {
    const { port } = app.nest.getHttpServer().address() as AddressInfo;
    const before = streams.length;
    const socket = connect(port, '127.0.0.1');
    socket.pause();
    socket.write(`GET /api/v1/streams HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${EDGE_ADMIN_KEY}\r\n\r\n`);
    await expect.poll(() => streams.length).toBe(before + 1);
    const stream = streams.at(-1);
    const event = { data: 'x'.repeat(16 * 1024) };
    const sendUntilDropped = async (sent: number): Promise<number> => {
      if (stream === undefined || stream.closed) return sent;
      if (!stream.send(event)) await stream.ready();
      return sendUntilDropped(sent + 1);
    };
    const sent = await sendUntilDropped(0);
    expect(sent).toBeLessThan(5_000);
    socket.destroy();
  });
});

interface Handshake {
  readonly opened: boolean;
  readonly status?: number;
  readonly body?: Record<string, unknown>;
  readonly protocol?: string;
  readonly message?: Record<string, unknown>;
}

async function handshake(path: string, options: { headers?: Record<string, string>; protocols?: string[] } = {}): Promise<Handshake> {
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}${path}`, options.protocols ?? [], { headers: options.headers ?? {} });
  return await new Promise((resolve, reject) => {
    socket.on('message', (data) => {
      resolve({ opened: true, protocol: socket.protocol, message: JSON.parse(String(data)) as Record<string, unknown> });
      socket.close();
    });
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () =>
        resolve({ opened: false, status: response.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> }),
      );
    });
    socket.on('error', reject);
  });
}

describe('a WebSocket handshake', () => {
  const bearer = { authorization: `Bearer ${EDGE_ADMIN_KEY}` };

  it('takes the key from the header, or from the protocols as browsers can send them', async () => {
    expect(await handshake('/api/v1/ws/probe', { headers: bearer })).toMatchObject({ opened: true, message: { tenant: 'default' } });
    expect(await handshake('/api/v1/ws/probe', { protocols: ['bearer', EDGE_ADMIN_KEY] })).toMatchObject({
      opened: true,
      protocol: 'bearer',
    });
  });

  it.each([
    ['without a key', '/api/v1/ws/probe', {}, 401, 'unauthorized'],
    ['with a key in the query', `/api/v1/ws/probe?token=${EDGE_ADMIN_KEY}&access_token=${EDGE_ADMIN_KEY}`, {}, 401, 'unauthorized'],
    ['with a wrong key', '/api/v1/ws/probe', { headers: { authorization: 'Bearer hdl_wrong' } }, 401, 'unauthorized'],
    ['to a gateway that states no access', '/api/v1/ws/forgotten', { headers: bearer }, 403, 'forbidden'],
  ])('is refused %s', async (_what, path, options, status, code) => {
    expect(await handshake(path, options)).toMatchObject({ opened: false, status, body: { code, status } });
  });

  it('is refused without the permission', async () => {
    const issued = (await (
      await app.fetch('/api/v1/api-keys', json('POST', { name: 'x', role: 'viewer', scopes: ['runs.read'] }))
    ).json()) as { key: string };
    expect(await handshake('/api/v1/ws/probe', { headers: { authorization: `Bearer ${issued.key}` } })).toMatchObject({
      status: 403,
      body: { missing_permission: 'events.read' },
    });
  });
});

describe('documents for people and programs', () => {
  it('are served without a key and need nothing from elsewhere', async () => {
    const full = await (await import('../support/app.js')).startApp();
    try {
      const document = (await (await fetch(`${full.url}/openapi.json`)).json()) as { openapi: string };
      expect(document.openapi).toBe('3.1.0');
      expect(await (await fetch(`${full.url}/openapi.yaml`)).text()).toMatch(/^openapi: 3\.1\.0/);
      const page = await fetch(`${full.url}/docs`);
      const html = await page.text();
      expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
      expect(html).not.toMatch(/(?:src|href)=["'](?:https?:)?\/\//);
      expect(html).not.toMatch(/<script>/);
      for (const [, asset] of html.matchAll(/(?:src|href)="\.\/(docs\/[^"]+)"/g)) {
        expect((await fetch(`${full.url}/${asset}`)).status).toBe(200);
      }
      expect((await fetch(`${full.url}/nothing-here`)).headers.get('content-type')).toBe('application/problem+json');
    } finally {
      await full.close();
    }
  });
});

describe('a shutdown', () => {
  it('ends open streams, refuses new requests, and keeps answering probes', async () => {
    const ending = await startEdgeApp({ controllers: [StreamsController], providers: [ProbeGateway] });
    const response = await ending.fetch('/api/v1/streams');
    const socket = new WebSocket(`${ending.url.replace('http', 'ws')}/api/v1/ws/probe`, {
      headers: { authorization: `Bearer ${EDGE_ADMIN_KEY}` },
    });
    await once(socket, 'message');
    ending.nest.get(Drain).begin();
    await readUntil(response, () => false);
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1001);
    const refused = await ending.fetch('/api/v1/me');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBeTruthy();
    expect(await refused.json()).toMatchObject({ code: 'draining' });
    await ending.close();
  });
});
