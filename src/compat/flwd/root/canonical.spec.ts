import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { canonicalSha256 } from './canonical.js';

it.each([
  [{}, '{}'],
  [{ b: 1, a: [{ d: null, c: 'ä' }] }, '{"a":[{"c":"ä","d":null}],"b":1}'],
  [{ a: undefined, B: true, Z: 1.5 }, '{"B":true,"Z":1.5}'],
])('%j is hashed as %s', (value, text) => {
  expect(canonicalSha256(value)).toBe(createHash('sha256').update(text).digest('hex'));
});
