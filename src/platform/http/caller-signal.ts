import type { Response } from 'express';

/** One for all: an abort without a reason makes an exception with a stack, and every answered request ends in one. */
const CALLER_LEFT = new Error('the caller left');

/** Aborted once nobody waits for the answer any more. */
export function callerSignal(response: Response): AbortSignal {
  const left = new AbortController();
  response.on('close', () => left.abort(CALLER_LEFT));
  return left.signal;
}
