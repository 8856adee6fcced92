import type { Response } from 'express';
import type { Drain } from '../lifecycle/index.js';

/** One for all: an abort without a reason makes an exception with a stack. */
const CALLER_LEFT = new Error('the caller left');

/** Aborted when the caller leaves before the answer is written; with `drain`, also when the server shuts down. */
export function callerSignal(response: Response, drain?: Drain): AbortSignal {
  const left = new AbortController();
  const forget = drain?.register(() => left.abort(CALLER_LEFT));
  response.on('close', () => {
    forget?.();
    if (!response.writableEnded) left.abort(CALLER_LEFT);
  });
  return left.signal;
}
