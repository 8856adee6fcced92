import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../engine/model/json.js';
import { EgressClient, EgressPolicy } from '../../../platform/egress/index.js';
import { SchemaValidator } from '../schema-validator.js';
import { HttpRequestNode } from './http-request.node.js';

describe('http.request', () => {
  const client = new EgressClient(new EgressPolicy(['127.0.0.1']));
  const node = new HttpRequestNode(client);
  const validator = new SchemaValidator();
  const checkConfig = validator.compile(node.configSchema);
  const checkOutput = validator.compile(node.outputSchema);
  let server: Server;
  let answer: RequestListener;
  let seen: { request: IncomingMessage; body: string };

  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen = { request, body: Buffer.concat(chunks).toString('latin1') };
        answer(request, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    await client.close();
    server.close();
  });

  async function run(config: JsonObject, signal = new AbortController().signal): Promise<JsonObject> {
    const full = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/path`, ...config };
    expect(checkConfig(full)).toEqual([]);
    const output = await node.execute({ config: full, signal, idempotencyKey: 'run/step/1' });
    expect(checkOutput(output)).toEqual([]);
    return output;
  }

  it('answers with status, headers and parsed body, whatever the status', async () => {
    answer = (_, response) =>
      response.writeHead(404, { 'content-type': 'application/json', 'set-cookie': 'a=1', 'x-a': 'b' }).end('{"missing":true}');
    expect(await run({})).toMatchObject({ status: 404, headers: { 'set-cookie': ['a=1'], 'x-a': 'b' }, body: { missing: true } });
    expect(seen.request.method).toBe('GET');
  });

  it('sends query, headers and a JSON body', async () => {
    answer = (_, response) => response.end();
    expect(
      await run({ method: 'POST', query: { q: ['a', 1], none: null }, headers: { 'X-N': 5, authorization: 'Bearer x' }, body: { a: 'é' } }),
    ).toMatchObject({ body: null });
    expect(seen.request.url).toBe('/path?q=a&q=1');
    expect(seen.request.headers).toMatchObject({ 'x-n': '5', authorization: 'Bearer x', 'content-type': 'application/json' });
    expect(Buffer.from(seen.body, 'latin1').toString()).toBe('{"a":"é"}');
  });

  it('sends bytes and respects a given media type', async () => {
    answer = (_, response) => response.end();
    await run({
      method: 'PUT',
      body: Buffer.from([0, 255]).toString('base64'),
      body_type: 'bytes',
      headers: { 'Content-Type': 'image/x-test' },
    });
    expect(seen.body).toBe('\u0000\u00ff');
    expect(seen.request.headers['content-type']).toBe('image/x-test');
  });

  it.each<[JsonObject, string | undefined]>([
    [{ method: 'GET' }, undefined],
    [{ method: 'POST' }, 'run/step/1'],
    [{ method: 'DELETE' }, 'run/step/1'],
    [{ method: 'POST', idempotency_key: false }, undefined],
    [{ method: 'POST', headers: { 'Idempotency-Key': 'mine' } }, 'mine'],
  ])('with %j sends the idempotency key %s', async (config, key) => {
    answer = (_, response) => response.end();
    await run(config);
    expect(seen.request.headers['idempotency-key']).toBe(key);
  });

  it.each<[number, JsonObject, JsonObject | null]>([
    [503, {}, null],
    [503, { retry_statuses: [503] }, { retryable: true, retryAfterMs: 7000 }],
    [404, { retry_statuses: [404] }, { retryable: true }],
    [404, { fail_on_status: true }, { retryable: false }],
    [429, { fail_on_status: true }, { retryable: true, retryAfterMs: 7000 }],
    [500, { fail_on_status: true }, { retryable: true }],
    [304, { fail_on_status: true }, null],
  ])('status %i with %j', async (status, config, failure) => {
    answer = (_, response) =>
      response.writeHead(status, { 'retry-after': '7', 'content-type': 'text/plain' }).end(status === 304 ? undefined : 'why');
    if (failure === null) expect((await run(config))['status']).toBe(status);
    else
      await expect(run({ ...config, response: 'json' })).rejects.toMatchObject({
        code: 'http_status',
        details: { status, body: 'why' },
        ...failure,
      });
  });

  it('follows redirects unless told not to', async () => {
    answer = (request, response) => (request.url === '/end' ? response.end('there') : response.writeHead(302, { location: '/end' }).end());
    expect(await run({})).toMatchObject({ status: 200, body: 'there' });
    expect(await run({ follow_redirects: false })).toMatchObject({ status: 302, headers: { location: '/end' } });
  });

  it('keeps to its limits', async () => {
    answer = (_, response) => response.end('x'.repeat(11));
    await expect(run({ max_response_bytes: 10 })).rejects.toMatchObject({ code: 'too_large' });
    answer = () => {};
    await expect(run({ timeout_ms: 30 })).rejects.toMatchObject({ code: 'timeout', retryable: true });
    const reason = new Error('cancelled by test');
    const controller = new AbortController();
    answer = () => controller.abort(reason);
    await expect(run({}, controller.signal)).rejects.toBe(reason);
  });

  it('refuses what the guard refuses', async () => {
    await expect(run({ url: 'http://169.254.169.254/' })).rejects.toMatchObject({ code: 'egress_refused', retryable: false });
    await expect(run({ headers: { 'x-a': 'b\r\nc: d' } })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it.each<[JsonObject, string]>([
    [{}, '/url'],
    [{ url: 'x', method: 'TRACE' }, '/method'],
    [{ url: 'x', timeout_ms: 0 }, '/timeout_ms'],
    [{ url: 'x', retry_statuses: [99] }, '/retry_statuses/0'],
    [{ url: 'x', response: 'xml' }, '/response'],
    [{ url: 'x', verb: 'GET' }, '/verb'],
  ])('refuses the config %j', (config, path) => {
    expect(checkConfig(config).map((fault) => fault.path)).toEqual([path]);
  });
});
