import { expect, it } from 'vitest';
import { OpenApiValidator } from '../support/openapi-validator.js';

const validator = new OpenApiValidator({
  openapi: '3.1.0',
  paths: {
    '/api/v1/things/{id}': {
      get: {
        operationId: 'getThing',
        responses: {
          200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } },
          204: { description: 'nothing' },
          404: { $ref: '#/components/responses/NotFound' },
        },
      },
    },
    '/api/v1/things/all': { get: { operationId: 'allThings', responses: { 200: { content: { 'text/event-stream': {} } } } } },
  },
  components: {
    schemas: {
      Thing: {
        type: 'object',
        required: ['id', 'parts'],
        properties: {
          id: { type: 'string', format: 'uuid' },
          parts: { type: 'array', items: { $ref: '#/components/schemas/Part' } },
          note: { type: ['string', 'null'] },
        },
      },
      Part: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } },
    },
    responses: {
      NotFound: { content: { 'application/problem+json': { schema: { type: 'object', required: ['code'], additionalProperties: true } } } },
    },
  },
});

const ID = '019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c';

function check(
  status: number,
  body: unknown,
  type: string | null = 'application/json; charset=utf-8',
  path = `/api/v1/things/${ID}`,
  method = 'GET',
): string[] {
  return validator.check({ method, path, answer: { status, body, headers: new Headers(type === null ? {} : { 'content-type': type }) } });
}

it('lets pass what the document describes', () => {
  expect(check(200, { id: ID, parts: [{ n: 1 }], note: null })).toEqual([]);
  expect(check(204, null, null)).toEqual([]);
  expect(check(404, { code: 'not_found', more: 1 }, 'application/problem+json')).toEqual([]);
  expect(check(200, 'data: 1', 'text/event-stream; charset=utf-8', '/api/v1/things/all')).toEqual([]);
  expect(check(404, { detail: 'no such route' }, 'application/problem+json', '/api/v1/nothing')).toEqual([]);
  expect(check(405, {}, 'application/problem+json', '/api/v1/things/all', 'POST')).toEqual([]);
});

it.each([
  ['a status it does not state', check(201, {}), 'does not state the status'],
  ['another media type', check(200, 'x', 'text/html'), 'has the media type text/html'],
  ['a body where none belongs', check(204, {}, 'application/json'), 'states none'],
  ['a missing field', check(200, { id: ID }), 'parts'],
  ['a field it does not name', check(200, { id: ID, parts: [], secret: 1 }), 'secret'],
  ['one it does not name deep inside', check(200, { id: ID, parts: [{ n: 1, m: 2 }] }), '"m"'],
  ['a wrong format', check(200, { id: 'x', parts: [] }), 'uuid'],
  ['an unknown operation', check(200, {}, undefined, '/api/v1/other'), 'no such operation'],
])('finds %s', (_what, faults, expected) => {
  expect(faults.join('\n')).toContain(expected);
});
