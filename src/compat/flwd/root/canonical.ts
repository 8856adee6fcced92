import { createHash } from 'node:crypto';
import type { Json } from '../../../engine/index.js';

/** SHA-256, in hex, of a JSON value with the members of its objects in order. What is undefined is not there. */
export function canonicalSha256(value: Json | object): string {
  return createHash('sha256').update(JSON.stringify(value, sorted)).digest('hex');
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
