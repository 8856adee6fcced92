/** How often runs of a workflow may start. */
export interface RateSettings {
  /** Starts in `per_ms`; 1 to 100,000. */
  readonly limit: number;
  /** Milliseconds; up to a year. */
  readonly per_ms: number;
  /** How many may start at once after a pause; default as many as come in a tenth of a second, at least one. */
  readonly burst?: number;
}

/** A rate as starts are spaced by it (the generic cell rate algorithm). */
export interface RunRate {
  /** Milliseconds between two starts; may be a fraction. */
  readonly everyMs: number;
  /** How many may start at once when as many intervals went by without a start. */
  readonly burst: number;
}

/** Below this spacing, starts are not worth a look at the clock each. */
const FINEST_MS = 100;

export function runRate({ limit, per_ms, burst }: RateSettings): RunRate {
  const everyMs = per_ms / limit;
  return { everyMs, burst: burst ?? Math.max(1, Math.floor(FINEST_MS / everyMs)) };
}
