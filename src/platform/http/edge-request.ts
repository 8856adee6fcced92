import type { ServerResponse } from 'node:http';
import type { Request } from 'express';
import type { AppError } from '../errors/app-error.js';
import type { Drain } from '../lifecycle/index.js';
import type { Dialect } from './dialect.js';
import type { Principal } from './permissions.js';

/** What a request holds that came first with its `Idempotency-Key`. Its answer is kept before it is sent; neither of both rejects. */
export interface IdempotencyHold {
  /** The id reserved for the resource that the request creates. */
  readonly resourceId: string;
  /** `response` has its status and headers; `body` is undefined for an empty one. */
  keepReply(response: ServerResponse, body: string | undefined): Promise<void>;
  keepProblem(request: EdgeRequest, error: AppError): Promise<void>;
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
  /** Whose answers the client expects; undefined for our own API. */
  dialect?: Dialect;
  /** Set once a route took the request. */
  routed?: boolean;
  /** SHA-256 of the raw body, computed when the request carries an `Idempotency-Key`. */
  bodyHash?: Buffer;
  idempotency?: IdempotencyHold;
  /** Where an answer that stays open registers how it is ended. */
  drain?: Drain;
}

export interface RateStanding {
  readonly limit: number;
  readonly remaining: number;
  /** Epoch seconds at which the window starts anew. */
  readonly resetAt: number;
}
