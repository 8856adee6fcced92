const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How messages are delivered. Eight tries over about a day. */
export interface DeliveryPolicy {
  /** The pause after each failed try but the last; one more try than there are pauses. */
  readonly retryAfterMs: readonly number[];
  /** Share of a pause that it is longer or shorter by chance, so that a recovering receiver is not met by all at once. */
  readonly jitter: number;
  readonly timeoutMs: number;
  /** Deliveries under way in this process: in all, and to one receiver that answers or that has been failing. */
  readonly concurrency: { readonly total: number; readonly perWebhook: number; readonly perFailingWebhook: number };
  /** A webhook that has failed without a success for so long is switched off. */
  readonly disableAfterMs: number;
  /** How long settled deliveries are kept. */
  readonly keepMs: number;
}

export const DELIVERY_POLICY = Symbol('DELIVERY_POLICY');

export const DEFAULT_DELIVERY_POLICY: DeliveryPolicy = {
  retryAfterMs: [5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 16 * HOUR],
  jitter: 0.1,
  timeoutMs: 15 * SECOND,
  concurrency: { total: 64, perWebhook: 8, perFailingWebhook: 1 },
  disableAfterMs: 5 * 24 * HOUR,
  keepMs: 30 * 24 * HOUR,
};

/** When the next try is after so many failed ones; null when there is none. */
export function nextTryInMs({ retryAfterMs, jitter }: DeliveryPolicy, tries: number, random: number): number | null {
  const pause = retryAfterMs[tries - 1];
  return pause === undefined ? null : Math.round(pause * (1 - jitter + 2 * jitter * random));
}
