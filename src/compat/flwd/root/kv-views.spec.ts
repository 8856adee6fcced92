import { expect, it } from 'vitest';
import type { Json } from '../../../engine/index.js';
import { isBase64, kvItem } from './kv-views.js';

it.each([
  ['', true],
  ['aGVsbG8=', true],
  ['aGVsbG8', false],
  ['aGVs bG8=', false],
  ['a-_b', false],
])('%j is base64: %s', (text, is) => {
  expect(isBase64(text)).toBe(is);
});

it.each<[Json, string]>([
  ['aGVsbG8=', 'aGVsbG8='],
  ['hello', Buffer.from('"hello"').toString('base64')],
  [{ at: 1 }, Buffer.from('{"at":1}').toString('base64')],
])('%j is shown as %j', (value, shown) => {
  const updatedAt = new Date('2030-01-01T12:00:00Z');
  expect(kvItem({ namespace: 'n', key: 'k', value, updatedAt })).toEqual({ key: 'k', value: shown, timestamp: '2030-01-01T12:00:00.000Z' });
});
