import { expect, it } from 'vitest';
import { bearerToken } from './authenticator.js';

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
  expect(bearerToken(header)).toBe(token);
});
