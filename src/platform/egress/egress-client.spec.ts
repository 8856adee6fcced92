import type { RequestListener } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { EgressClient } from './egress-client.js';
import { EgressPolicy } from './egress-policy.js';
import { TestServer } from './egress-test-server.fixture.js';

describe('EgressClient', () => {
  const client = new EgressClient(new EgressPolicy(['127.0.0.0/8', 'one.test', 'two.test']), async (hostname) => {
    if (hostname.endsWith('.test')) return [{ address: '127.0.0.1', family: 4 }];
    throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  });
  let server: TestServer;
  let answer: RequestListener;

  beforeAll(async () => {
    server = await TestServer.start((request, response) => answer(request, response));
  });
  afterEach(() => {
    server.seen.length = 0;
  });
  afterAll(async () => {
    await client.close();
    await server.stop();
  });

  it('sends method, headers and body and returns status, headers and body', async () => {
    answer = (_, response) => response.writeHead(418, { 'X-Reply': ['a', 'b'], 'Set-Cookie': ['a=1', 'b=2'] }).end('teapot');
    const reply = await client.request({ url: server.url('/pot?x=1'), method: 'post', headers: { 'X-Ask': 'yes' }, body: 'brew' });
    expect(reply).toMatchObject({ status: 418, url: server.url('/pot?x=1'), headers: { 'x-reply': 'a, b', 'set-cookie': ['a=1', 'b=2'] } });
    expect(reply.body.toString()).toBe('teapot');
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      path: '/pot?x=1',
      body: 'brew',
      headers: { 'x-ask': 'yes', 'user-agent': 'heddle' },
    });
  });

  it('ignores proxy variables', async () => {
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1');
    vi.stubEnv('http_proxy', 'http://127.0.0.1:1');
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    answer = (_, response) => response.end('direct');
    expect((await client.request({ url: server.url() })).body.toString()).toBe('direct');
    vi.unstubAllEnvs();
  });

  describe('redirects', () => {
    it.each([
      [301, 'POST', 'GET', ''],
      [302, 'POST', 'GET', ''],
      [302, 'PUT', 'PUT', 'data'],
      [303, 'PUT', 'GET', ''],
      [303, 'HEAD', 'HEAD', ''],
      [307, 'POST', 'POST', 'data'],
      [308, 'DELETE', 'DELETE', 'data'],
    ])('%i turns %s into %s', async (status, method, followed, body) => {
      answer = (request, response) =>
        request.url === '/end' ? response.end() : response.writeHead(status, { location: '/end' }).end('moved');
      const sent = method === 'HEAD' ? {} : { body: 'data', headers: { 'content-type': 'text/x-test' } };
      const reply = await client.request({ url: server.url('/start'), method, ...sent });
      expect(reply).toMatchObject({ status: 200, url: server.url('/end') });
      expect(server.seen[1]).toMatchObject({ method: followed, body });
      expect(server.seen[1]?.headers['content-type']).toBe(body === '' ? undefined : 'text/x-test');
    });

    it('drops credentials when the origin changes, and only then', async () => {
      answer = (request, response) => {
        if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
        else if (request.url === '/b') response.writeHead(302, { location: server.url('/c', 'two.test') }).end();
        else response.end();
      };
      await client.request({ url: server.url('/a', 'one.test'), headers: { Authorization: 'Bearer x', Cookie: 'a=1', 'X-Other': 'kept' } });
      expect(server.seen.map((each) => each.headers.authorization)).toEqual(['Bearer x', 'Bearer x', undefined]);
      expect(server.seen.map((each) => each.headers.cookie)).toEqual(['a=1', 'a=1', undefined]);
      expect(server.seen[2]?.headers['x-other']).toBe('kept');
    });

    it('stops after the limit', async () => {
      answer = (_, response) => response.writeHead(302, { location: '/again' }).end();
      await expect(client.request({ url: server.url() })).rejects.toMatchObject({ code: 'too_many_redirects', retryable: false });
      expect(server.seen).toHaveLength(11);
      await expect(client.request({ url: server.url(), maxRedirects: 0 })).rejects.toMatchObject({ code: 'too_many_redirects' });
    });

    it('hands the redirect itself back when told not to follow', async () => {
      answer = (_, response) => response.writeHead(302, { location: '/next' }).end('moved');
      const reply = await client.request({ url: server.url(), followRedirects: false });
      expect(reply).toMatchObject({ status: 302, headers: { location: '/next' } });
    });

    it('reads a Location in raw UTF-8', async () => {
      answer = (request, response) =>
        request.url === '/' ? response.writeHead(302, { location: Buffer.from('/ü').toString('latin1') }).end() : response.end();
      expect((await client.request({ url: server.url() })).url).toBe(server.url('/%C3%BC'));
    });

    it('refuses a Location that is no URL, or holds credentials', async () => {
      for (const location of ['http://[', 'http://user:pass@one.test/']) {
        answer = (_, response) => response.writeHead(302, { location }).end();
        await expect(client.request({ url: server.url() })).rejects.toMatchObject({ code: 'bad_response' });
      }
    });
  });

  describe('encodings and size', () => {
    const text = 'heddle '.repeat(1000);
    it.each([
      ['gzip', gzipSync(text)],
      ['x-gzip', gzipSync(text)],
      ['deflate', deflateSync(text)],
      ['br', brotliCompressSync(text)],
      ['zstd', zstdCompressSync(text)],
      ['gzip, br', brotliCompressSync(gzipSync(text))],
      ['identity', Buffer.from(text)],
    ])('decodes %s', async (encoding, bytes) => {
      answer = (_, response) => response.writeHead(200, { 'content-encoding': encoding }).end(bytes);
      expect((await client.request({ url: server.url() })).body.toString()).toBe(text);
    });

    it.each(['HEAD', 'GET'])('reads no body where there is none, whatever the encoding says (%s)', async (method) => {
      answer = (request, response) => response.writeHead(request.method === 'HEAD' ? 200 : 204, { 'content-encoding': 'gzip' }).end();
      expect((await client.request({ url: server.url(), method })).body).toHaveLength(0);
    });

    it.each(['gzip', 'br', 'zstd'])('fails on a broken %s body', async (encoding) => {
      answer = (_, response) => response.writeHead(200, { 'content-encoding': encoding }).end('this is not compressed');
      await expect(client.request({ url: server.url() })).rejects.toMatchObject({ code: 'bad_response', retryable: true });
    });

    it('fails on a truncated body and on an unknown or stacked encoding', async () => {
      answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(text).subarray(0, 30));
      await expect(client.request({ url: server.url() })).rejects.toMatchObject({ code: 'bad_response' });
      for (const encoding of ['snappy', 'gzip,gzip,gzip,gzip']) {
        answer = (_, response) => response.writeHead(200, { 'content-encoding': encoding }).end('x');
        await expect(client.request({ url: server.url() })).rejects.toMatchObject({ code: 'bad_response' });
      }
    });

    it('bounds plain bodies, announced or not', async () => {
      answer = (_, response) => response.end(Buffer.alloc(2000));
      await expect(client.request({ url: server.url(), maxResponseBytes: 1999 })).rejects.toMatchObject({
        code: 'too_large',
        retryable: false,
      });
      expect((await client.request({ url: server.url(), maxResponseBytes: 2000 })).body).toHaveLength(2000);
      answer = (_, response) => {
        response.write(Buffer.alloc(1500));
        response.end(Buffer.alloc(1500));
      };
      await expect(client.request({ url: server.url(), maxResponseBytes: 1999 })).rejects.toMatchObject({ code: 'too_large' });
    });

    it.each([
      ['gzip', gzipSync(Buffer.alloc(256 * 1024 * 1024))],
      ['br', brotliCompressSync(Buffer.alloc(64 * 1024 * 1024))],
      ['zstd', zstdCompressSync(Buffer.alloc(256 * 1024 * 1024))],
      ['gzip, gzip', gzipSync(gzipSync(Buffer.alloc(256 * 1024 * 1024)))],
    ])('stops a %s bomb at the limit without unpacking it', async (encoding, bomb) => {
      answer = (_, response) => response.writeHead(200, { 'content-encoding': encoding }).end(bomb);
      const before = process.memoryUsage().rss;
      await expect(client.request({ url: server.url() })).rejects.toMatchObject({ code: 'too_large' });
      expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
    });

    it('bounds headers', async () => {
      answer = (_, response) => response.writeHead(200, { 'x-big': 'x'.repeat(40_000) }).end();
      await expect(client.request({ url: server.url() })).rejects.toMatchObject({ code: 'too_large' });
    });
  });

  describe('time and abort', () => {
    it('gives up on a server that never answers, and on one that never finishes', async () => {
      answer = () => {};
      await expect(client.request({ url: server.url(), timeoutMs: 50 })).rejects.toMatchObject({ code: 'timeout', retryable: true });
      answer = (_, response) => void response.write('begun');
      await expect(client.request({ url: server.url(), timeoutMs: 50 })).rejects.toMatchObject({ code: 'timeout' });
    });

    it('counts redirects into the time', async () => {
      answer = (_, response) => void setTimeout(() => response.writeHead(302, { location: '/on' }).end(), 30);
      await expect(client.request({ url: server.url(), timeoutMs: 100 })).rejects.toMatchObject({ code: 'timeout' });
    });

    it('rejects with the reason of an abort, before, during and while reading', async () => {
      const reason = new Error('cancelled by test');
      await expect(client.request({ url: server.url(), signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(server.seen).toHaveLength(0);

      const waiting = new AbortController();
      answer = () => waiting.abort(reason);
      await expect(client.request({ url: server.url(), signal: waiting.signal })).rejects.toBe(reason);

      const reading = new AbortController();
      answer = (_, response) => void response.write('begun');
      const { body } = await client.stream({ url: server.url(), signal: reading.signal });
      await expect(
        (async () => {
          for await (const chunk of body) if (String(chunk) === 'begun') reading.abort(reason);
        })(),
      ).rejects.toBe(reason);
    });

    it('closes the connection when a stream is destroyed unread', async () => {
      const closed = new Promise<void>((resolve) => {
        answer = (request, response) => {
          request.socket.once('close', () => resolve());
          response.write('begun');
        };
      });
      (await client.stream({ url: server.url() })).body.destroy();
      await closed;
    });
  });

  describe('refusals', () => {
    it.each([
      ['nonsense', 'invalid_url'],
      ['/relative', 'invalid_url'],
      ['http://user:pass@127.0.0.1/', 'invalid_url'],
      [`http://127.0.0.1/${'x'.repeat(20_000)}`, 'invalid_url'],
      ['file:///etc/passwd', 'egress_refused'],
      ['ws://127.0.0.1/', 'egress_refused'],
    ])('refuses the URL %.40s', async (url, code) => {
      await expect(client.request({ url })).rejects.toMatchObject({ code, retryable: false });
    });

    it.each([
      [{ 'x-a': 'b\r\nx-injected: 1' }],
      [{ 'x-a': 'b\nc' }],
      [{ 'x-a': 'b\0' }],
      [{ 'x-a': 'snow ☃' }],
      [{ 'x a': 'b' }],
      [{ 'x-a\r\nx-b': 'c' }],
      [{ '': 'c' }],
      [{ Host: 'elsewhere' }],
      [{ 'Content-Length': '3' }],
      [{ 'Transfer-Encoding': 'chunked' }],
      [{ 'x-a': '1', 'X-A': '2' }],
    ])('refuses the headers %j', async (headers) => {
      await expect(client.request({ url: server.url(), headers })).rejects.toMatchObject({ code: 'invalid_request', retryable: false });
      expect(server.seen).toHaveLength(0);
    });

    it.each(['CONNECT', 'TRACE', 'GET /x HTTP/1.1\r\n', ''])('refuses the method %j', async (method) => {
      await expect(client.request({ url: server.url(), method })).rejects.toMatchObject({ code: 'invalid_request' });
    });

    it('names what failed: no such name, nothing listening, a broken connection, a broken answer', async () => {
      await expect(client.request({ url: 'http://nowhere.example/' })).rejects.toMatchObject({ code: 'dns_failed', retryable: true });
      await expect(client.request({ url: 'http://127.0.0.1:1/' })).rejects.toMatchObject({ code: 'connect_failed', retryable: true });
      await expect(client.request({ url: server.url().replace('http:', 'https:') })).rejects.toMatchObject({ code: 'tls_failed' });
      answer = (request) => void request.socket.destroy();
      await expect(client.request({ url: server.url() })).rejects.toMatchObject({ code: 'connection_lost', retryable: true });

      const babbler = createServer((socket) => socket.once('data', () => socket.write('not http at all\r\n\r\n')));
      await new Promise<void>((resolve) => babbler.listen(0, '127.0.0.1', resolve));
      await expect(client.request({ url: `http://127.0.0.1:${(babbler.address() as AddressInfo).port}/` })).rejects.toMatchObject({
        code: 'bad_response',
      });
      babbler.close();
    });

    it('never shows paths or queries in messages', async () => {
      await expect(client.request({ url: 'http://127.0.0.1:1/secret?token=hush' })).rejects.toThrow(/^(?!.*(hush|secret))/);
    });
  });
});
