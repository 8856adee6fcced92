import { expect, it } from 'vitest';
import { RateLimiter } from './rate-limiter.js';

function limiterAt(clock: { now: number }, maxTracked?: number): RateLimiter {
  return new RateLimiter(() => clock.now, maxTracked);
}

it('allows as many as the limit within a minute of the first', () => {
  const clock = { now: 5_000 };
  const limiter = limiterAt(clock);
  expect([1, 2, 3].map(() => limiter.take('a', 2)).map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
    [true, 1],
    [true, 0],
    [false, 0],
  ]);
  clock.now += 59_000;
  expect(limiter.take('a', 2)).toMatchObject({ allowed: false, retryAfterSeconds: 1 });
  clock.now += 1_000;
  expect(limiter.take('a', 2)).toMatchObject({ allowed: true, remaining: 1, retryAfterSeconds: 60 });
});

it('does not count refused requests, so waiting always helps', () => {
  const clock = { now: 0 };
  const limiter = limiterAt(clock);
  for (let n = 0; n < 100; n += 1) limiter.take('a', 1);
  clock.now = 60_000;
  expect(limiter.take('a', 1).allowed).toBe(true);
});

it('keeps callers apart', () => {
  const limiter = limiterAt({ now: 0 });
  limiter.take('a', 1);
  expect(limiter.take('b', 1).allowed).toBe(true);
  expect(limiter.take('a', 1).allowed).toBe(false);
});

it('forgets the one that came first when there are too many', () => {
  const limiter = limiterAt({ now: 0 }, 2);
  limiter.take('a', 1);
  limiter.take('b', 1);
  limiter.take('c', 1);
  expect(limiter.take('b', 1).allowed).toBe(false);
  expect(limiter.take('a', 1).allowed).toBe(true);
});
