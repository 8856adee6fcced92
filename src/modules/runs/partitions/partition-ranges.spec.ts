import { describe, expect, it } from 'vitest';
import { firstIdOf, missingRanges, timeOfId } from './partition-ranges.js';

const DAY = 24 * 60 * 60 * 1000;
const days = (from: number, to: number): { from: number; to: number } => ({ from: from * DAY, to: to * DAY });

describe('missing partitions', () => {
  it('are whole calendar slots where there is none yet', () => {
    expect(missingRanges([], days(8.5, 9.5), 7)).toEqual([days(7, 14)]);
    expect(missingRanges([], days(13.5, 14.5), 7)).toEqual([days(7, 14), days(14, 21)]);
  });

  it('are none where all is covered', () => {
    expect(missingRanges([days(0, 7), days(7, 14)], days(2, 9), 7)).toEqual([]);
    expect(missingRanges([{ from: Number.NEGATIVE_INFINITY, to: 30 * DAY }], days(2, 9), 7)).toEqual([]);
  });

  it('fill gaps and go on where another width ended', () => {
    expect(missingRanges([days(0, 5)], days(4, 8), 7)).toEqual([days(5, 7), days(7, 14)]);
    expect(missingRanges([days(9, 10)], days(8, 11), 7)).toEqual([days(7, 9), days(10, 14)]);
    expect(missingRanges([days(0, 14)], days(13, 15), 1)).toEqual([days(14, 15)]);
  });
});

it('an id tells its millisecond, and a millisecond its first id', () => {
  const at = Date.UTC(2026, 10, 22, 3, 20);
  expect(timeOfId(firstIdOf(at))).toBe(at);
  expect(firstIdOf(at) < '019aaaaa-0000-7000-8000-000000000000').toBe(at < 0x019aaaaa0000);
  expect(firstIdOf(-5)).toBe('00000000-0000-0000-0000-000000000000');
});
