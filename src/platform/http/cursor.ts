import { BadRequestError } from '../errors/app-error.js';
import type { Json } from '../../engine/model/json.js';

const MAX_CURSOR_LENGTH = 1024;

/** An opaque cursor for the position a page ends at. */
export function encodeCursor(position: Json): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/**
 * The position a cursor names. `check` says whether it has the shape this list writes; anything else, also a cursor of another
 * list, is a 400 `bad_cursor`.
 */
export function decodeCursor<T extends Json>(cursor: string, check: (value: Json) => value is T): T {
  const position = parseCursor(cursor);
  if (position === undefined || !check(position)) {
    throw new BadRequestError(
      'the cursor was not issued by this list',
      [{ path: 'cursor', code: 'bad_cursor', message: 'is not a cursor of this list' }],
      'bad_cursor',
    );
  }
  return position;
}

function parseCursor(cursor: string): Json | undefined {
  if (cursor.length > MAX_CURSOR_LENGTH || !/^[\w-]+$/.test(cursor)) return undefined;
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as Json;
  } catch {
    return undefined;
  }
}

/** The check for lists whose position is one id. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
