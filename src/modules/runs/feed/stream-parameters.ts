import { BadRequestError } from '../../../platform/errors/app-error.js';

const SEQ = /^\d{1,9}$/;

/** The sequence number a reader of one run goes on after; without one, the beginning. */
export function parseSeq(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (!SEQ.test(text)) throw new BadRequestError("a run's events are continued after a sequence number", [], 'bad_cursor');
  return Number(text);
}
