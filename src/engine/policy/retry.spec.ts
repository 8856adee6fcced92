import { describe, expect, it } from 'vitest';
import { backoffDelay, retryDelay } from './retry.js';

const failure = { code: 'boom', retryable: true };

describe('backoffDelay', () => {
  it.each([
    ['constant', [100, 100, 100]],
    ['linear', [100, 200, 300]],
    ['exponential', [100, 200, 400]],
  ] as const)('%s grows as named', (backoff, expected) => {
    const policy = { max_attempts: 9, backoff, initial_delay_ms: 100, max_delay_ms: 10_000 };
    expect([1, 2, 3].map((attempt) => backoffDelay(policy, attempt))).toEqual(expected);
  });

  it('never exceeds max_delay_ms, nor overflows', () => {
    expect(backoffDelay({ max_attempts: 9, initial_delay_ms: 100, max_delay_ms: 250 }, 3)).toBe(250);
    expect(backoffDelay({ max_attempts: 9999, initial_delay_ms: 100, max_delay_ms: 250 }, 5000)).toBe(250);
  });
});

describe('retryDelay', () => {
  it('counts the first try', () => {
    const policy = { max_attempts: 2, backoff: 'constant', initial_delay_ms: 5 } as const;
    expect(retryDelay(policy, 1, failure, Math.random)).toBe(5);
    expect(retryDelay(policy, 2, failure, Math.random)).toBeNull();
    expect(retryDelay(undefined, 1, failure, Math.random)).toBeNull();
  });

  it('obeys retry_on before retryable', () => {
    const policy = { max_attempts: 3, retry_on: ['timeout'] };
    expect(retryDelay(policy, 1, failure, Math.random)).toBeNull();
    expect(retryDelay(policy, 1, { code: 'timeout', retryable: false }, Math.random)).not.toBeNull();
    expect(retryDelay({ max_attempts: 3 }, 1, { code: 'x', retryable: false }, Math.random)).toBeNull();
  });

  it('gives up on what it is told to, and on nothing else', () => {
    const policy = { max_attempts: 3, give_up_on: ['timeout'] };
    expect(retryDelay(policy, 1, { code: 'timeout', retryable: true }, Math.random)).toBeNull();
    expect(retryDelay({ ...policy, retry_on: ['timeout'] }, 1, { code: 'timeout', retryable: true }, Math.random)).toBeNull();
    expect(retryDelay(policy, 1, failure, Math.random)).not.toBeNull();
  });

  it('takes the delay a failure names, within the cap', () => {
    const policy = { max_attempts: 3, max_delay_ms: 1_000 };
    expect(retryDelay(policy, 1, { ...failure, retryAfterMs: 700 }, Math.random)).toBe(700);
    expect(retryDelay(policy, 1, { ...failure, retryAfterMs: 70_000 }, Math.random)).toBe(1_000);
  });

  it('jitters between half and all of the delay', () => {
    const policy = { max_attempts: 3, backoff: 'constant', initial_delay_ms: 100, jitter: true } as const;
    expect(retryDelay(policy, 1, failure, () => 0)).toBe(50);
    expect(retryDelay(policy, 1, failure, () => 1)).toBe(100);
  });
});
