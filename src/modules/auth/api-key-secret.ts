import { hash, randomBytes } from 'node:crypto';

const PREFIX = 'hdl_';
const SECRET_BYTES = 32;
const SHOWN_CHARS = PREFIX.length + 6;

/** A new API key: `hdl_` and 256 random bits. */
export function generateKey(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
}

/** What is stored of a key. A key is random, so a plain hash is as good as a slow one, and constant-time by lookup. */
export function hashKey(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

/** The start of a key, by which people recognise it. */
export function shownPrefix(key: string): string {
  return key.slice(0, SHOWN_CHARS);
}

const MIN_LENGTH = 20;
const MIN_DISTINCT = 5;

/** Why a key that an operator chose is refused: it could be guessed. Null when it is not. */
export function weaknessOf(key: string): string | null {
  if (!/^[\x21-\x7e]{1,256}$/.test(key)) return 'must be at most 256 printable characters without spaces';
  if (key.length < MIN_LENGTH) return `must have at least ${MIN_LENGTH} characters`;
  if (new Set(key).size < MIN_DISTINCT) return `must have at least ${MIN_DISTINCT} different characters`;
  return null;
}
