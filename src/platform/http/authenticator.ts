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

/** The token of an `Authorization` header; null when the header is not of the form `Bearer <token>`. */
export function bearerToken(authorization: string): string | null {
  return BEARER.exec(authorization)?.[1] ?? null;
}
