import type { Request } from 'express';
import type { Drain } from '../lifecycle/index.js';
import type { Principal } from './permissions.js';

/** The id reserved for the resource that a request with an `Idempotency-Key` creates. */
export interface IdempotencyReservation {
  readonly resourceId: string;
}

/** What the edge knows about a request by the time a handler runs. */
export interface EdgeRequest extends Request {
  /** Answered as `X-Request-Id` and in every problem. */
  id: string;
  /** Who calls; undefined when no usable credentials came and no anonymous role is configured. */
  principal?: Principal;
  /** Whether credentials came that name no living key. */
  credentialsRefused?: boolean;
  /** Where the key stands in its rate window. */
  rate?: RateStanding;
  /** Set once a route took the request. */
  routed?: boolean;
  /** SHA-256 of the raw body, computed when the request carries an `Idempotency-Key`. */
  bodyHash?: Buffer;
  idempotency?: IdempotencyReservation;
  /** Where an answer that stays open registers how it is ended. */
  drain?: Drain;
}

export interface RateStanding {
  readonly limit: number;
  readonly remaining: number;
  /** Epoch seconds at which the window starts anew. */
  readonly resetAt: number;
}
