import { BadRequestError } from '../../../platform/errors/app-error.js';

/**
 * A place in a tenant's feed. Events are ordered by the transaction that committed them, then run, then sequence; a
 * place is exclusive: reading goes on with what is greater.
 */
export interface FeedPosition {
  readonly xid: number;
  readonly runId: string;
  readonly seq: number;
}

const NIL_RUN = '00000000-0000-0000-0000-000000000000';
const ENCODED = /^([0-9a-z]{1,11})-([0-9a-f]{32})-([0-9a-z]{1,7})$/;

/** Before everything. */
export const FEED_START: FeedPosition = { xid: 0, runId: NIL_RUN, seq: 0 };

/** The place before everything that transaction `xid` and later ones commit. */
export function beforeTransaction(xid: number): FeedPosition {
  return { xid, runId: NIL_RUN, seq: 0 };
}

/** Whether `a` is at or after `b`. Ids compare as text the way Postgres compares uuids: by bytes. */
export function reaches(a: FeedPosition, b: FeedPosition): boolean {
  if (a.xid !== b.xid) return a.xid > b.xid;
  if (a.runId !== b.runId) return a.runId > b.runId;
  return a.seq >= b.seq;
}

/** The opaque cursor of a place: SSE `id:`, `after`, `since`. */
export function encodePosition({ xid, runId, seq }: FeedPosition): string {
  return `${xid.toString(36)}-${runId.replaceAll('-', '')}-${seq.toString(36)}`;
}

/** Reads a cursor; `0` is the beginning. Anything else that is no cursor is the caller's fault. */
export function decodePosition(cursor: string): FeedPosition {
  if (cursor === '0') return FEED_START;
  const [, xid, run, seq] = ENCODED.exec(cursor) ?? [];
  if (xid === undefined || run === undefined || seq === undefined) {
    throw new BadRequestError('the cursor is not one this server gave out', [], 'bad_cursor');
  }
  const runId = `${run.slice(0, 8)}-${run.slice(8, 12)}-${run.slice(12, 16)}-${run.slice(16, 20)}-${run.slice(20)}`;
  return { xid: Number.parseInt(xid, 36), runId, seq: Number.parseInt(seq, 36) };
}
