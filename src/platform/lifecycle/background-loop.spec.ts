import { expect, it, vi } from 'vitest';
import type { Logger } from '../logging/index.js';
import { BackgroundLoop } from './background-loop.js';

const warn = vi.fn();
const logger = { warn } as unknown as Logger;

it('goes on after a failure, and when it is woken', async () => {
  let rounds = 0;
  const loop = new BackgroundLoop({
    name: 'test',
    logger,
    retryMs: 1,
    round: () => {
      rounds += 1;
      return rounds === 1 ? Promise.reject(new Error('once')) : Promise.resolve(600_000);
    },
  });
  loop.start();
  await vi.waitUntil(() => rounds === 2, { timeout: 15_000 });
  expect(warn).toHaveBeenCalledOnce();
  loop.wake();
  await vi.waitUntil(() => rounds === 3, { timeout: 15_000 });
  await loop.stop();
  expect(rounds).toBe(3);
});

it('does not lose a wake-up that comes during a round', async () => {
  let rounds = 0;
  const loop = new BackgroundLoop({
    name: 'test',
    logger,
    round: () => {
      rounds += 1;
      if (rounds === 1) loop.wake();
      return Promise.resolve(600_000);
    },
  });
  loop.start();
  await vi.waitUntil(() => rounds === 2, { timeout: 15_000 });
  await loop.stop();
});
