import { setTimeout as pause } from 'node:timers/promises';
import { isUnavailable } from '../../../platform/database/index.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Does what may be done twice until the database is there to do it; the run waits for the database, it does not fail with it. */
export async function patiently<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let delay = FIRST_PAUSE_MS; ; delay = Math.min(delay * 2, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await pause(delay, undefined, { signal });
    }
  }
}
