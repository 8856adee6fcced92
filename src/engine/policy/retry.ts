import type { RetryPolicy } from '../model/definition.js';

/** What a retry decision needs to know of a failure. */
export interface Failure {
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number | undefined;
}

const DEFAULT_INITIAL_DELAY_MS = 1_000;
const DEFAULT_MAX_DELAY_MS = 60_000;
const DEFAULT_MULTIPLIER = 2;

/** Milliseconds to wait after failed attempt number `attempt` (1-based), before jitter. */
export function backoffDelay(policy: RetryPolicy, attempt: number): number {
  const initial = policy.initial_delay_ms ?? DEFAULT_INITIAL_DELAY_MS;
  const cap = policy.max_delay_ms ?? Math.max(DEFAULT_MAX_DELAY_MS, initial);
  switch (policy.backoff ?? 'exponential') {
    case 'constant':
      return Math.min(initial, cap);
    case 'linear':
      return Math.min(initial * attempt, cap);
    case 'exponential':
      return Math.min(initial * (policy.multiplier ?? DEFAULT_MULTIPLIER) ** (attempt - 1), cap);
  }
}

/**
 * What follows failed attempt number `attempt` (1-based): milliseconds until the next one, or null for none.
 * A failure that names its own delay (`Retry-After`) is obeyed up to `max_delay_ms`.
 */
export function retryDelay(policy: RetryPolicy | undefined, attempt: number, failure: Failure, random: () => number): number | null {
  if (policy === undefined || attempt >= policy.max_attempts) return null;
  const wanted = policy.retry_on === undefined ? failure.retryable : policy.retry_on.includes(failure.code);
  if (!wanted || policy.give_up_on?.includes(failure.code) === true) return null;
  if (failure.retryAfterMs !== undefined) return Math.min(failure.retryAfterMs, policy.max_delay_ms ?? DEFAULT_MAX_DELAY_MS);
  const delay = backoffDelay(policy, attempt);
  return Math.round(policy.jitter === true ? delay / 2 + (random() * delay) / 2 : delay);
}
