import { expect, it } from 'vitest';
import type { JsonObject } from '../../../engine/index.js';
import { argsOf, resolvedArgs, takesArguments } from './argspec.js';

const SECRET = { not: {}, readOnly: true, description: 'A secret' };

it.each<[string, JsonObject, JsonObject]>([
  ['a text', { type: 'string' }, { type: 'string' }],
  ['one without a type', {}, { type: 'string' }],
  ['a path with a default', { type: 'string', format: 'path', default: '/mnt' }, { type: 'string', format: 'path', default: '/mnt' }],
  ['a choice', { type: 'string', enum: ['a', 'b'], description: 'which' }, { type: 'string', enum: ['a', 'b'], description: 'which' }],
  ['a list', { type: 'array', items: { type: 'integer' } }, { type: 'array', items_type: 'integer' }],
  ['a list of choices', { type: 'array', items: { enum: ['x'] } }, { type: 'array', items_enum: ['x'] }],
  ['a map', { type: 'object', additionalProperties: { type: 'boolean' } }, { type: 'object', value_type: 'boolean' }],
  ['a secret', SECRET, { type: 'string', secret: true, description: 'A secret' }],
])('lists %s', (_what, property, arg) => {
  expect(argsOf({ type: 'object', properties: { it: property } })).toEqual([{ name: 'it', ...arg }]);
  expect(argsOf({ type: 'object', properties: { it: property }, required: ['it'] })).toEqual([{ name: 'it', required: true, ...arg }]);
});

it.each<[JsonObject, boolean]>([
  [{ type: 'object' }, true],
  [{ type: 'object', additionalProperties: false }, false],
  [{ type: 'object', additionalProperties: false, properties: { a: {} } }, true],
])('%j takes arguments: %s', (schema, takes) => {
  expect(takesArguments(schema)).toBe(takes);
});

it('shows that there is a secret, not which', () => {
  expect(resolvedArgs({ properties: { token: SECRET, target: { type: 'string' } } }, { target: '/mnt' })).toEqual({
    target: '/mnt',
    token: '[secret]',
  });
});
