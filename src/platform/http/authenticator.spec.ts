import { expect, it } from 'vitest';
import { keyInHeaders } from './authenticator.js';
import type { Dialect } from './dialect.js';

it.each([
  ['Bearer abc', 'abc'],
  ['bearer abc', 'abc'],
  ['BEARER   abc  ', 'abc'],
  ['Bearer', null],
  ['Bearer ', null],
  ['Bearer a b', null],
  ['Basic abc', null],
  ['abc', null],
  [' Bearer abc', null],
  ['Bearer ä', null],
])('%j holds the token %j', (header, token) => {
  expect(keyInHeaders({ authorization: header }, undefined)).toBe(token);
});

const DIALECT: Dialect = { name: 'x', keyHeader: 'x-api-key', errorAnswer: () => ({ status: 500, mediaType: '', body: {} }) };

it.each([
  [{ 'x-api-key': 'abc' }, 'abc'],
  [{ 'x-api-key': 'abc', authorization: 'Bearer xyz' }, 'xyz'],
  [{ 'x-api-key': 'abc', authorization: 'Basic xyz' }, null],
  [{ 'x-api-key': '' }, null],
  [{}, undefined],
])('%j holds the key %j for a dialect with a header of its own', (headers, key) => {
  expect(keyInHeaders(headers, DIALECT)).toBe(key);
});

it('a header of a dialect is nothing to others', () => {
  expect(keyInHeaders({ 'x-api-key': 'abc' }, undefined)).toBeUndefined();
});
