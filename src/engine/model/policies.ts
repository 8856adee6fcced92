/** When a failed attempt is tried again. All durations are milliseconds. */
export interface RetryPolicy {
  /** Tries in all, the first included; 1 to 100. */
  readonly max_attempts: number;
  readonly backoff?: 'constant' | 'linear' | 'exponential';
  readonly initial_delay_ms?: number;
  readonly max_delay_ms?: number;
  /** Factor of exponential back-off, default 2. */
  readonly multiplier?: number;
  /** The delay is drawn between half and the whole of the computed one. */
  readonly jitter?: boolean;
  /** Error codes that are tried again; absent means every retryable error. */
  readonly retry_on?: readonly string[];
  /** Error codes that are not tried again, whatever else says so. */
  readonly give_up_on?: readonly string[];
}

/** Days that runs are kept after their end, fractions included; null for ever, absent as the server does. */
export interface RetentionSettings {
  readonly success?: number | null;
  readonly failed?: number | null;
  readonly cancelled?: number | null;
}

export interface ConcurrencySettings {
  /** Template over `inputs`; runs of one tenant with equal keys share the limit. */
  readonly key: string;
  readonly limit?: number;
  readonly on_conflict?: 'queue' | 'cancel_running' | 'reject';
}
