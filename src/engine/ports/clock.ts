/** The only source of time in the engine. Lease expiry is never decided with it: the store uses database time. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };
