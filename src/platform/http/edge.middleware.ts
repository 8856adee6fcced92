import { randomUUID } from 'node:crypto';
import type { NextFunction, Response } from 'express';
import { AppError, BadRequestError } from '../errors/app-error.js';
import type { Drain } from '../lifecycle/index.js';
import { keyInHeaders, type Authenticated, type Authenticator } from './authenticator.js';
import { sendProblem } from './edge-answer.js';
import type { Dialect } from './dialect.js';
import type { EdgeRequest } from './edge-request.js';
import type { Principal } from './permissions.js';
import type { RateLimiter } from './rate-limiter.js';

export interface EdgeOptions {
  readonly authenticator: Authenticator;
  readonly limiter: RateLimiter;
  /** Requests per minute of callers without a key, counted per address. */
  readonly anonymousRateLimit: number;
  readonly drain: Drain;
  readonly dialects?: readonly Dialect[];
}

const SANE_REQUEST_ID = /^[\w.:-]{1,128}$/;
/** Answered also while draining and never refused for their rate: probes and scrapers decide with them whether we live. */
const VITAL_PATH = /^\/(?:compat\/[\w-]+\/)?(?:healthz?(?:\/(?:live|ready))?|metrics)(?:$|\?)/;

/**
 * The first thing every request meets, also one that no route takes: its id, who calls, the caller's rate. It runs before
 * routing so that a 404 and a 413 carry the same headers as a 200, and it stays synchronous while the key is cached.
 */
export function edgeMiddleware(options: EdgeOptions): (request: EdgeRequest, response: Response, next: NextFunction) => void {
  const { authenticator, limiter, anonymousRateLimit, drain } = options;

  function admit(request: EdgeRequest, response: Response, next: NextFunction, principal: Principal | undefined): void {
    const vital = VITAL_PATH.test(request.url);
    if (principal !== undefined) request.principal = principal;
    const caller = principal?.keyId ?? `address:${request.ip ?? ''}`;
    const rate = limiter.take(caller, principal?.rateLimit ?? anonymousRateLimit);
    request.rate = rate;
    response.setHeader('X-RateLimit-Limit', rate.limit);
    response.setHeader('X-RateLimit-Remaining', rate.remaining);
    response.setHeader('X-RateLimit-Reset', rate.resetAt);
    if (!rate.allowed && !vital) {
      const detail = `more than ${rate.limit} requests within a minute`;
      sendProblem(request, response, new AppError(429, 'rate_limited', detail, { retryAfterSeconds: rate.retryAfterSeconds }));
    } else if (drain.draining && !vital) {
      response.setHeader('Connection', 'close');
      sendProblem(
        request,
        response,
        new AppError(503, 'draining', 'the server is shutting down', { retryAfterSeconds: 5, logLevel: 'debug' }),
      );
    } else if (request.url.includes('%00')) {
      sendProblem(request, response, new BadRequestError('the URL holds a NUL character'));
    } else {
      next();
    }
  }

  return (request, response, next) => {
    const given = request.headers['x-request-id'];
    request.drain = drain;
    request.id = typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : randomUUID();
    response.setHeader('X-Request-Id', request.id);

    const token = keyInHeaders(request.headers, request.dialect);
    // A probe must get its answer also when the key it sends cannot be looked up.
    if (token === undefined || VITAL_PATH.test(request.url)) {
      admit(request, response, next, authenticator.anonymous);
      return;
    }
    const settle = (principal: Authenticated): void => {
      request.credentialsRefused = principal === null;
      admit(request, response, next, principal ?? undefined);
    };
    const answer = token === null ? null : authenticator.authenticate(token);
    if (answer instanceof Promise) answer.then(settle).catch(next);
    else settle(answer);
  };
}
