import type { IncomingHttpHeaders } from 'node:http';
import type { Dialect } from './dialect.js';
import type { Principal } from './permissions.js';

/** What credentials come to: a principal, or null when they name no living key. */
export type Authenticated = Principal | null;

/**
 * Turns a bearer token into a principal. Answers synchronously when it can (a cached key), so that the usual request costs
 * no turn of the event loop. The auth module provides it; the edge only knows this port.
 */
export abstract class Authenticator {
  /** The principal of clients that send no credentials; undefined when there is none. */
  abstract readonly anonymous: Principal | undefined;
  abstract authenticate(token: string): Authenticated | Promise<Authenticated>;
}

const BEARER = /^bearer +([\x21-\x7e]+) *$/i;

/** The key that headers carry, `Authorization` before the dialect's own; undefined without one, null when it makes no sense. */
export function keyInHeaders(headers: IncomingHttpHeaders, dialect: Dialect | undefined): string | null | undefined {
  if (headers.authorization !== undefined) return BEARER.exec(headers.authorization)?.[1] ?? null;
  const key = dialect?.keyHeader === undefined ? undefined : headers[dialect.keyHeader];
  if (key === undefined) return undefined;
  return typeof key === 'string' && key !== '' ? key : null;
}
