import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.js';

const NOW = Date.parse('2030-01-01T12:00:00Z');

describe('Retry-After', () => {
  it.each<[string, Record<string, string | string[]> | undefined, number | undefined]>([
    ['in seconds', { 'retry-after': '7' }, 7_000],
    ['in parts of seconds', { 'retry-after': ' 0.5 ' }, 500],
    ['as a date', { 'retry-after': 'Tue, 01 Jan 2030 12:00:30 GMT' }, 30_000],
    ['as a date that is over', { 'retry-after': 'Tue, 01 Jan 2030 11:00:00 GMT' }, 0],
    ['in milliseconds, which is more exact', { 'retry-after-ms': '120', 'retry-after': '1' }, 120],
    ['in milliseconds that are none', { 'retry-after-ms': 'soon', 'retry-after': '1' }, 1_000],
    ['twice', { 'retry-after': ['2', '3'] }, 2_000],
    ['for days', { 'retry-after': '864000' }, 3_600_000],
    ['that cannot be read', { 'retry-after': 'soon' }, undefined],
    ['that is negative', { 'retry-after-ms': '-5' }, undefined],
    ['that is empty', { 'retry-after': ' ' }, undefined],
    ['that is not there', {}, undefined],
    ['without headers', undefined, undefined],
  ])('%s', (_, headers, expected) => {
    expect(retryAfterMs(headers, NOW)).toBe(expected);
  });
});
