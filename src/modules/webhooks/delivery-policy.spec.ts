import { expect, it } from 'vitest';
import { DEFAULT_DELIVERY_POLICY, nextTryInMs } from './delivery-policy.js';

it('tries eight times over about a day', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7].map((tries) => nextTryInMs(DEFAULT_DELIVERY_POLICY, tries, 0.5));
  expect(pauses).toEqual([5, 60, 300, 1_800, 7_200, 21_600, 57_600].map((seconds) => seconds * 1_000));
  expect(pauses.reduce<number>((sum, pause) => sum + (pause ?? 0), 0) / 3_600_000).toBeCloseTo(24.6, 1);
  expect(nextTryInMs(DEFAULT_DELIVERY_POLICY, 8, 0.5)).toBeNull();
});

it('varies the pauses', () => {
  expect(nextTryInMs(DEFAULT_DELIVERY_POLICY, 1, 0)).toBe(4_500);
  expect(nextTryInMs(DEFAULT_DELIVERY_POLICY, 1, 1)).toBe(5_500);
});
