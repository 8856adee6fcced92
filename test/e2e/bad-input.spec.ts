import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/engine/model/json.js';
import { Consumes } from '../../src/platform/http/body.guard.js';
import { Endpoint } from '../../src/platform/http/endpoint.decorator.js';
import { IdPipe } from '../../src/platform/http/id.pipe.js';
import { PageQueryDto } from '../../src/platform/http/page.js';
import { EDGE_ADMIN_KEY, type EdgeApp, json, startEdgeApp } from '../support/edge-app.js';

class PartDto {
  @IsInt()
  n: number;
}

class EchoDto {
  @IsString()
  @IsOptional()
  text?: string;

  @IsObject()
  @IsOptional()
  inputs?: JsonObject;

  @ValidateNested({ each: true })
  @Type(() => PartDto)
  @IsArray()
  @IsOptional()
  parts?: PartDto[];
}

@Controller('probe')
class ProbeController {
  @Post()
  @Endpoint({ access: 'runs.create', operationId: 'echo', summary: 'echo' })
  echo(@Body() body: EchoDto): EchoDto {
    return body;
  }

  @Post('yaml')
  @Endpoint({ access: 'workflows.write', operationId: 'echoYaml', summary: 'echo' })
  @Consumes('json', 'yaml')
  echoYaml(@Body() body: unknown): { kind: string } {
    return { kind: typeof body };
  }

  @Get('list')
  @Endpoint({ access: 'runs.read', operationId: 'list', summary: 'list' })
  list(@Query() query: PageQueryDto): PageQueryDto {
    return query;
  }

  @Get('closed')
  closed(): string {
    return 'a route without a stated access';
  }

  @Get('broken')
  @Endpoint({ access: 'public', operationId: 'broken', summary: 'broken' })
  broken(): never {
    throw new Error('SELECT secret FROM somewhere');
  }

  @Get(':id')
  @Endpoint({ access: 'runs.read', operationId: 'one', summary: 'one' })
  one(@Param('id', new IdPipe('probe')) id: string): { id: string } {
    return { id };
  }

  @Delete(':id')
  @Endpoint({ access: 'runs.read', operationId: 'drop', summary: 'drop' })
  drop(): void {}
}

const PROBE = '/api/v1/probe';
let app: EdgeApp;

beforeAll(async () => {
  app = await startEdgeApp({ controllers: [ProbeController], env: { HEDDLE_BODY_LIMIT: String(1024 * 1024) } });
});
afterAll(async () => {
  await app.close();
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

async function problem(path: string, init: RequestInit & { key?: string | null }): Promise<Answer> {
  const response = await app.fetch(path, init);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  for (const header of ['x-request-id', 'x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'])
    expect(response.headers.get(header)).toBeTruthy();
  const body = (await response.json()) as Record<string, unknown>;
  expect(body).toMatchObject({ type: `urn:heddle:problem:${String(body['code'])}`, status: response.status, instance: path.split('?')[0] });
  return { status: response.status, body, headers: response.headers };
}

function raw(body: NonNullable<RequestInit['body']>, contentType = 'application/json', headers: Record<string, string> = {}): RequestInit {
  return { method: 'POST', body, headers: { 'content-type': contentType, ...headers } };
}

describe('bodies', () => {
  it.each([
    ['not JSON', raw('{"a":'), 400, 'malformed_json'],
    ['a bare word', raw('nope'), 400, 'malformed_json'],
    ['two values', raw('{}{}'), 400, 'malformed_json'],
    ['an array where an object belongs', raw('[1]'), 422, 'validation_failed'],
    ['null', raw('null'), 201, ''],
    ['invalid UTF-8', raw(Buffer.from([0x22, 0xff, 0xfe, 0x22])), 400, 'invalid_utf8'],
    ['65 levels of arrays', raw(`{"inputs":${'['.repeat(64)}${']'.repeat(64)}}`), 400, 'too_deep'],
    ['a million brackets', raw('['.repeat(1_000_000)), 400, 'too_deep'],
    ['too many bytes', raw(JSON.stringify({ text: 'x'.repeat(1024 * 1024) })), 413, 'payload_too_large'],
    [
      'a zip bomb',
      raw(gzipSync(Buffer.alloc(50 * 1024 * 1024, 0x20)), 'application/json', { 'content-encoding': 'gzip' }),
      413,
      'payload_too_large',
    ],
    ['what gzip is not', raw(randomBytes(100), 'application/json', { 'content-encoding': 'gzip' }), 400, 'malformed_encoding'],
    ['an unknown encoding', raw('{}', 'application/json', { 'content-encoding': 'zstd' }), 415, 'unsupported_encoding'],
    ['text', raw('{}', 'text/plain'), 415, 'unsupported_media_type'],
    ['a form', raw('a=b', 'application/x-www-form-urlencoded'), 415, 'unsupported_media_type'],
    ['no media type', { method: 'POST', body: new Blob(['{}']) }, 415, 'unsupported_media_type'],
    ['YAML on a JSON route', raw('a: b', 'application/yaml'), 415, 'unsupported_media_type'],
    ['another charset', raw('{}', 'application/json; charset=utf-16'), 415, 'unsupported_charset'],
    ['NUL', raw('{"text":"a\\u0000b"}'), 422, 'validation_failed'],
    ['half a surrogate pair', raw('{"inputs":{"a":["\\ud800"]}}'), 422, 'validation_failed'],
    ['a prototype', raw('{"inputs":{"__proto__":{"admin":true}}}'), 422, 'validation_failed'],
    ['a prototype in disguise', raw('{"inputs":{"\\u005f_proto__":{"admin":true}}}'), 422, 'validation_failed'],
  ])('meet their end when they are %s', async (_what, init, status, code) => {
    if (status === 201) {
      expect((await app.fetch(PROBE, init)).status).toBe(201);
      return;
    }
    const answer = await problem(PROBE, init);
    expect(answer).toMatchObject({ status, body: { code } });
  });

  it('are free within their bounds', async () => {
    const deep = `{"inputs":{"a":${'['.repeat(62)}1${']'.repeat(62)}}}`;
    expect((await app.fetch(PROBE, raw(deep))).status).toBe(201);
    expect((await app.fetch(PROBE, raw(gzipSync('{"text":"zipped"}'), 'application/json', { 'content-encoding': 'gzip' }))).status).toBe(
      201,
    );
    expect((await app.fetch(PROBE, { method: 'POST' })).status).toBe(201);
    expect((await app.fetch(PROBE, raw('\ufeff{"text":"bom"}', 'application/vnd.api+json; charset="UTF-8"'))).status).toBe(201);
    expect(await (await app.fetch(`${PROBE}/yaml`, raw('a: [b]', 'application/yaml'))).json()).toEqual({ kind: 'string' });
    expect(await (await app.fetch(`${PROBE}/yaml`, json('POST', {}))).json()).toEqual({ kind: 'object' });
  });

  it('come back as they went, whatever they hold', async () => {
    const text = `'; DROP TABLE api_keys; -- {{ 7*7 }} \${7*7} <script>alert(1)</script> %00 \\u0000 é 😀 \u2028 "\\`;
    const inputs = { text, constructor: { prototype: 1 }, toString: 'x', nested: [{ '': null }, 1e308, -0.5, true], 'a/b~c': text };
    const response = await app.fetch(PROBE, json('POST', { text, inputs }));
    expect(await response.json()).toEqual({ text, inputs });
  });

  it('are pointed into, every fault at once', async () => {
    const { body } = await problem(PROBE, json('POST', { text: 5, parts: [{ n: 1 }, { n: 'x', 'a/b': 1 }, {}], nope: 1 }));
    expect(body['errors']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ path: '/text', code: 'type' }),
        expect.objectContaining({ path: '/parts/1/n', code: 'type' }),
        expect.objectContaining({ path: '/parts/1/a~1b', code: 'unknown_field' }),
        expect.objectContaining({ path: '/parts/2/n', code: 'required' }),
        expect.objectContaining({ path: '/nope', code: 'unknown_field' }),
      ]),
    );
    expect(body['errors']).toHaveLength(5);
  });

  it('say so when only unknown fields are wrong', async () => {
    expect(await problem(PROBE, json('POST', { nope: 1 }))).toMatchObject({ status: 422, body: { code: 'unknown_field' } });
  });

  it('are not read from callers who may not send them', async () => {
    const init = raw(JSON.stringify({ text: 'x'.repeat(2 * 1024 * 1024) }));
    expect(await problem(PROBE, { ...init, key: null })).toMatchObject({ status: 401 });
  });

  it('may end early without a trace', async () => {
    const { hostname, port } = new URL(app.url);
    await new Promise<void>((resolve) => {
      const sent = httpRequest({
        hostname,
        port,
        path: PROBE,
        method: 'POST',
        headers: { authorization: `Bearer ${EDGE_ADMIN_KEY}`, 'content-type': 'application/json', 'content-length': 100 },
      });
      sent.on('error', () => resolve());
      sent.write('{"text":', () => sent.destroy());
    });
    expect((await app.fetch(PROBE, json('POST', {}))).status).toBe(201);
  });
});

describe('queries', () => {
  it.each([
    ['limit=0', 'limit', 'range'],
    ['limit=501', 'limit', 'range'],
    ['limit=ten', 'limit', 'type'],
    ['limit=1&limit=2', 'limit', 'type'],
    ['sort=name', 'sort', 'unknown_field'],
  ])('are refused for %s', async (query, path, code) => {
    const { status, body } = await problem(`${PROBE}/list?${query}`, {});
    expect(status).toBe(422);
    expect(body['errors']).toEqual([expect.objectContaining({ path, code })]);
  });

  it('have defaults', async () => {
    expect(await (await app.fetch(`${PROBE}/list`)).json()).toEqual({ limit: 50 });
  });

  it('take only cursors that the list wrote', async () => {
    for (const cursor of ['x', 'bm9wZQ', encodeURIComponent("' OR 1=1"), 'a'.repeat(5000)]) {
      expect(await problem(`/api/v1/api-keys?cursor=${cursor}`, {})).toMatchObject({ status: 400, body: { code: 'bad_cursor' } });
    }
  });
});

describe('paths', () => {
  it.each([
    ['/api/v1/nothing', {}, 404, 'not_found'],
    ['/nothing', {}, 404, 'not_found'],
    ['/api/v1/nothing', { method: 'POST', body: 'x' }, 404, 'not_found'],
    [`${PROBE}/not-an-id`, {}, 404, 'not_found'],
    [`${PROBE}/%zz`, {}, 400, 'bad_request'],
    [`${PROBE}/%00`, {}, 400, 'bad_request'],
    [`${PROBE}/..%2f..%2fetc%2fpasswd`, {}, 404, 'not_found'],
  ])('%s answers', async (path, init, status, code) => {
    expect(await problem(path, init)).toMatchObject({ status, body: { code } });
  });

  it('say which methods they have', async () => {
    const wrong = await problem(PROBE, { method: 'PUT', body: '{}', headers: { 'content-type': 'application/json' } });
    expect(wrong).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
    expect(wrong.headers.get('allow')).toBe('POST');
    expect((await problem(`${PROBE}/019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c`, { method: 'POST' })).headers.get('allow')).toBe(
      'DELETE, GET, HEAD',
    );
  });

  it('answer HEAD without a body', async () => {
    const response = await app.fetch(`${PROBE}/not-an-id`, { method: 'HEAD' });
    expect(response.status).toBe(404);
    expect(await response.text()).toBe('');
  });
});

describe('the unforeseen', () => {
  it('is closed when a route states no access', async () => {
    expect(await problem(`${PROBE}/closed`, {})).toMatchObject({ status: 403 });
  });

  it('says nothing about itself', async () => {
    const { status, body } = await problem(`${PROBE}/broken`, {});
    expect(status).toBe(500);
    expect(body['code']).toBe('internal_error');
    expect(JSON.stringify(body)).not.toMatch(/SELECT|at .*\.ts/);
  });

  it('keeps a sane request id and replaces any other', async () => {
    const kept = await app.fetch(PROBE, json('POST', {}, { 'x-request-id': 'trace-1234' }));
    expect(kept.headers.get('x-request-id')).toBe('trace-1234');
    const replaced = await app.fetch(PROBE, json('POST', {}, { 'x-request-id': 'a b<c>' }));
    expect(replaced.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});
