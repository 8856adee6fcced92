import type { TestApp } from '../../support/index.js';

/** What became of a run, as the client that started it saw. */
export interface Seen {
  /** As our own API knows it. */
  readonly runId: string;
  /** In the words of our own API. */
  readonly status: string;
}

/**
 * What a client does with one run: starts it, follows it to its end, reads it. With `cancel` it ends it on the way, if its API
 * can. Anything that is not as it has to be is thrown.
 */
export type Journey = (cancel: boolean) => Promise<Seen>;

/** Makes the client of a dialect, on the dialect's own port of a server that has the workflows below. */
export type SoakClient = (server: TestApp) => Promise<Journey>;

/** Is over soon. */
export const QUICK = {
  name: 'soak/quick',
  nodes: [
    { id: 'say', type: 'debug.log', config: { message: 'on its way' } },
    { id: 'rest', type: 'time.delay', needs: ['say'], config: { delay_ms: 20 } },
    { id: 'done', type: 'transform.set', needs: ['rest'], config: { values: { answer: 42 } } },
  ],
};

/** Is over when it is cancelled. */
export const SLOW = {
  name: 'soak/slow',
  nodes: [
    { id: 'say', type: 'debug.log', config: { message: 'on its way' } },
    { id: 'rest', type: 'time.delay', needs: ['say'], config: { delay_ms: 600_000 } },
  ],
};

/** Throws what is said unless the fact holds. */
export function must(fact: boolean, said: string): asserts fact {
  if (!fact) throw new Error(said);
}
