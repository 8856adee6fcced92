import type { RateStanding } from './edge-request.js';

const WINDOW_MS = 60_000;
const MAX_TRACKED = 100_000;

interface Window {
  startedAt: number;
  count: number;
}

export interface RateDecision extends RateStanding {
  readonly allowed: boolean;
  /** Seconds until the window starts anew. */
  readonly retryAfterSeconds: number;
}

/**
 * Requests per minute and caller, counted in this process: a window of 60 s starts with a caller's first request. Constant cost
 * per request and bounded memory: when too many callers are tracked, the one that came first is forgotten.
 */
export class RateLimiter {
  private readonly windows = new Map<string, Window>();

  constructor(
    /** Monotonic milliseconds: a clock that is set back must not prolong a window. */
    private readonly monotonicMs: () => number = () => performance.now(),
    private readonly maxTracked: number = MAX_TRACKED,
  ) {}

  /** Counts one request and says whether it is within the limit. */
  take(caller: string, limit: number): RateDecision {
    const now = this.monotonicMs();
    const window = this.windowOf(caller, now);
    const allowed = window.count < limit;
    if (allowed) window.count += 1;
    const leftMs = window.startedAt + WINDOW_MS - now;
    return {
      allowed,
      limit,
      remaining: Math.max(0, limit - window.count),
      resetAt: Math.ceil((Date.now() + leftMs) / 1000),
      retryAfterSeconds: Math.ceil(leftMs / 1000),
    };
  }

  private windowOf(caller: string, now: number): Window {
    const known = this.windows.get(caller);
    if (known !== undefined && now - known.startedAt < WINDOW_MS) return known;
    const fresh = { startedAt: now, count: 0 };
    this.windows.delete(caller);
    this.windows.set(caller, fresh);
    if (this.windows.size > this.maxTracked) this.forgetOldest();
    return fresh;
  }

  private forgetOldest(): void {
    const oldest = this.windows.keys().next();
    if (!oldest.done) this.windows.delete(oldest.value);
  }
}
