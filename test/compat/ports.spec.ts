import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { agentDocument } from './support/astromesh.js';
import { DialectClient } from './support/http.js';
import { DialectSocket } from './support/socket.js';

const ORIGIN = 'https://elsewhere.example.com';
const CONFIGURED = 'https://app.example.com';

let server: TestApp;

beforeAll(async () => {
  server = await startApp({
    env: { HEDDLE_COMPAT_PORTS: 'astromesh=0,awf=0,flowengine=0,flwd=0,meshflow=0', HEDDLE_CORS_ORIGINS: CONFIGURED },
  });
});
afterAll(async () => {
  await server?.close();
});

const portOf = (name: string): string => server.dialects[name] ?? '';
const clientOf = (name: string): DialectClient => new DialectClient(portOf(name), server.adminKey);

/** The first line that answers an upgrade of this very path, which no client has tidied up; empty when there is none. */
async function handshake(url: string, path: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${hostname}`,
    `Authorization: Bearer ${server.adminKey}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  socket.setTimeout(10_000, () => socket.destroy());
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const [status = ''] = await new Promise<string[]>((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString().split('\r\n', 1)));
    socket.once('close', () => resolve([]));
    socket.once('error', () => resolve([]));
  });
  socket.destroy();
  return status;
}

describe('a WebSocket on the port of a dialect', () => {
  it('reaches FlowEngine’s events', async () => {
    const flowengine = clientOf('flowengine');
    const socket = await DialectSocket.open(`${flowengine.url}/api/events`, server.adminKey);
    const { id } = await flowengine.post<{ id: string }>('/api/workflows', { name: 'now', nodes: [{ node_type: 'debug.log' }] }, 201);
    await flowengine.post(`/api/workflows/${id}/execute`, { inputs: {} }, 200);
    await socket.until((frames) => frames.some(({ type }) => type === 'WorkflowCompleted'));
    await socket.close();
  });

  it('reaches the agents of Astromesh, whose names are in the path', async () => {
    const astromesh = clientOf('astromesh');
    const model = { primary: { provider: 'scripted', model: 'm', rules: [{ reply: 'Hello' }] } };
    await astromesh.post('/v1/agents', agentDocument('talker', { model }), 201);
    await astromesh.post('/v1/agents/talker/deploy', undefined, 200);
    const socket = await DialectSocket.open(`${astromesh.url}/v1/ws/agent/talker`, server.adminKey);
    socket.socket.send('{"query": "Hi"}');
    const frames = await socket.until((all) => all.some(({ type }) => type === 'done'));
    expect(frames.at(-1)).toMatchObject({ type: 'done', response: 'Hello' });
    await socket.close();
  });

  it('reaches the bus of MeshFlow', async () => {
    const [one, other] = await Promise.all(['one', 'other'].map(() => DialectSocket.open(`${portOf('meshflow')}/ws/bus`, server.adminKey)));
    one?.socket.send(JSON.stringify({ sender_id: 'one', receiver_id: 'all', content: 'hello' }));
    await other?.until((frames) => frames.some(({ content }) => content === 'hello'));
    await Promise.all([one?.close(), other?.close()]);
  });

  it('is shaken hands with at its own path only', async () => {
    expect(await handshake(portOf('flowengine'), '/api/events')).toContain('101');
  });

  it.each([
    ['flowengine', '/v1/ws/agent/talker'],
    ['flowengine', '/compat/flowengine/api/events'],
    ['flowengine', '/compat/astromesh/v1/ws/agent/talker'],
    ['flowengine', '/../astromesh/v1/ws/agent/talker'],
    ['flowengine', '/%2e%2e/astromesh/v1/ws/agent/talker'],
    ['flowengine', '/api/v1/ws/events'],
    ['flowengine', '/../../api/v1/ws/events'],
    ['flowengine', '/%2e%2e/%2e%2e/api/v1/ws/events'],
    ['astromesh', '/api/events'],
    ['astromesh', '/api/v1/ws/agents/talker'],
    ['astromesh', '/v1/ws/agent/../../../../api/v1/ws/events'],
    ['meshflow', '/api/v1/ws/bus'],
    ['meshflow', '/ws/run/../../../flowengine/api/events'],
    ['awf', '/api/events'],
    ['flwd', '/api/v1/ws/events'],
  ])('of %s reaches nothing at %s', async (name, path) => {
    expect(await handshake(portOf(name), path)).not.toContain('101');
  });

  it.each(['//[', '/%', '//', '/api/events?%'])('harms nobody with %s, on any port', async (path) => {
    for (const url of [portOf('flowengine'), server.url]) await handshake(url, path);
    expect((await server.api.get('/health/live')).status).toBe(200);
  });

  it('needs a key like any other', async () => {
    await expect(DialectSocket.open(`${portOf('flowengine')}/api/events`)).rejects.toThrow('no socket');
  });
});

describe('browsers of any origin', () => {
  const preflight = (url: string, origin = ORIGIN): Promise<Response> =>
    fetch(url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
    });
  const read = (url: string, origin = ORIGIN): Promise<Response> =>
    fetch(url, { headers: { origin, authorization: `Bearer ${server.adminKey}` } });

  it.each([
    ['flowengine', '/api/workflows'],
    ['astromesh', '/v1/agents'],
    ['meshflow', '/runs'],
  ])('may call %s at %s, without credentials of the browser', async (name, path) => {
    for (const url of [`${portOf(name)}${path}`, `${server.url}/compat/${name}${path}`]) {
      const asked = await preflight(url);
      expect(asked.status).toBe(204);
      expect(asked.headers.get('access-control-allow-origin')).toBe('*');
      expect(asked.headers.get('access-control-allow-methods')).toContain('POST');
      expect(asked.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('authorization');
      const answered = await read(url);
      expect(answered.status).toBe(200);
      expect(answered.headers.get('access-control-allow-origin')).toBe('*');
      const refused = await fetch(`${url}/none`, { headers: { origin: ORIGIN } });
      expect(refused.status).toBe(401);
      expect(refused.headers.get('access-control-allow-origin')).toBe('*');
      for (const { headers } of [asked, answered, refused]) expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  it.each([
    ['the native API', () => `${server.url}/api/v1/workflows`],
    ['AWF', () => `${server.url}/compat/awf/api/workflows`],
    ['flwd on its port', () => `${portOf('flwd')}/api/v1/jobs`],
  ])('may not call %s, which is for the configured one', async (_what, urlOf) => {
    for (const { headers } of [await preflight(urlOf()), await read(urlOf())])
      expect(headers.get('access-control-allow-origin')).not.toBe('*');
    expect((await read(urlOf())).headers.get('access-control-allow-origin')).not.toBe(ORIGIN);
    for (const { headers } of [await preflight(urlOf(), CONFIGURED), await read(urlOf(), CONFIGURED)])
      expect(headers.get('access-control-allow-origin')).toBe(CONFIGURED);
  });
});
