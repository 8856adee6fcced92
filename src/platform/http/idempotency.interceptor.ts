import { createHash } from 'node:crypto';
import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Response } from 'express';
import { firstValueFrom, type Observable, of } from 'rxjs';
import { v7 as uuidv7 } from 'uuid';
import { BadRequestError, ConflictError } from '../errors/app-error.js';
import { LOGGER, type Logger } from '../logging/index.js';
import { bearerToken } from './authenticator.js';
import type { EdgeRequest } from './edge-request.js';
import { IdempotencyStore, LOCK_SECONDS, type IdempotencySlot, type StoredReply, type Taken } from './idempotency.store.js';
import { PROBLEM_MEDIA_TYPE, toAppError, toProblem } from './problem.js';
import { openReply, sealReply } from './reply-seal.js';

/** Metadata key of the IdempotentOptions of a route. */
export const IDEMPOTENT = 'heddle:idempotent';

export interface IdempotentOptions {
  /** The reply holds a secret: it is stored encrypted under the caller's own API key, so that only that caller can replay it. */
  readonly secretReply?: boolean;
}

const SOUND_KEY = /^[\x20-\x7e]{1,255}$/;
const JSON_TYPE = 'application/json; charset=utf-8';
const STORED_HEADERS = ['content-type', 'location', 'preference-applied'] as const;
/** Answers about the moment, not about the request: repeating them later would be wrong. */
const PASSING_STATUSES = new Set([401, 403, 408, 425, 429]);
const NO_BODY = createHash('sha256').digest();

/** One request that holds its slot. */
interface Holding {
  readonly request: EdgeRequest;
  readonly response: Response;
  readonly slot: IdempotencySlot;
  readonly resourceId: string;
  /** The caller's API key when the reply must be sealed. */
  readonly sealToken: string | null;
}

/** Runs a creating request once per `Idempotency-Key`; see `@Idempotent()`. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly store: IdempotencyStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<EdgeRequest>();
    const key = request.headers['idempotency-key'];
    if (key === undefined) return next.handle();
    if (typeof key !== 'string' || !SOUND_KEY.test(key)) {
      throw new BadRequestError('an Idempotency-Key is 1 to 255 printable ASCII characters', [], 'bad_idempotency_key');
    }
    const options = (Reflect.getMetadata(IDEMPOTENT, context.getHandler()) as IdempotentOptions | undefined) ?? {};
    const sealToken = options.secretReply === true ? bearerToken(request.headers.authorization ?? '') : null;
    if (options.secretReply === true && sealToken === null) {
      throw new BadRequestError(
        'without an API key there is nothing to keep the reply secret with, so no Idempotency-Key',
        [],
        'bad_idempotency_key',
      );
    }

    const response = context.switchToHttp().getResponse<Response>();
    const slot = { tenant: request.principal?.tenant ?? '', scope: `${request.method} ${String((request.route as { path?: unknown } | undefined)?.path)}`, key };
    const taken = await this.store.take(slot, requestHash(request), uuidv7());
    if (taken.kind !== 'taken') return of(answerHeld(taken, response, sealToken));

    request.idempotency = { resourceId: taken.resourceId };
    return of(await this.run({ request, response, slot, resourceId: taken.resourceId, sealToken }, next));
  }

  private async run(holding: Holding, next: CallHandler): Promise<unknown> {
    const renewal = setInterval(() => this.quietly(this.store.renew(holding.slot, holding.resourceId)), (LOCK_SECONDS * 1000) / 3);
    try {
      const value: unknown = await firstValueFrom(next.handle(), { defaultValue: undefined });
      return await this.keepReply(holding, value);
    } catch (thrown) {
      await this.keepProblem(holding, thrown);
      throw thrown;
    } finally {
      clearInterval(renewal);
    }
  }

  /** The reply is stored before it is sent: a client that has seen it must get the same one again. */
  private async keepReply(holding: Holding, value: unknown): Promise<unknown> {
    const { response } = holding;
    if (response.headersSent || response.statusCode >= 500) {
      await this.quietly(this.store.release(holding.slot, holding.resourceId));
      return value;
    }
    if (value !== undefined && !response.hasHeader('content-type')) response.setHeader('Content-Type', JSON_TYPE);
    const body = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
    const headers = Object.fromEntries(
      STORED_HEADERS.flatMap((name) => (response.hasHeader(name) ? [[name, String(response.getHeader(name))]] : [])),
    );
    await this.quietly(this.keep(holding, { status: response.statusCode, headers, body }));
    return body === '' ? undefined : body;
  }

  private async keepProblem(holding: Holding, thrown: unknown): Promise<void> {
    const error = toAppError(thrown);
    if (error.status >= 500 || PASSING_STATUSES.has(error.status)) {
      await this.quietly(this.store.release(holding.slot, holding.resourceId));
      return;
    }
    const body = JSON.stringify(toProblem(error, holding.request.originalUrl, holding.request.id));
    await this.quietly(this.keep(holding, { status: error.status, headers: { 'content-type': PROBLEM_MEDIA_TYPE }, body }));
  }

  private keep(holding: Holding, reply: StoredReply): Promise<void> {
    const { slot, resourceId, sealToken } = holding;
    const body = sealToken === null ? reply.body : sealReply(reply.body, sealToken, resourceId);
    return this.store.storeReply(slot, resourceId, { ...reply, body });
  }

  /**
   * The resource exists whatever becomes of the bookkeeping, so its failure must not turn the answer into an error: a repeated
   * request waits for the lock to run out and then runs for the same resource id.
   */
  private async quietly(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.logger.warn({ err: error }, 'could not update an idempotency key');
    }
  }
}

function answerHeld(held: Exclude<Taken, { kind: 'taken' }>, response: Response, sealToken: string | null): string | undefined {
  if (held.kind === 'reused') {
    throw new ConflictError('idempotency_key_reused', 'this Idempotency-Key was used for another request');
  }
  if (held.kind === 'in_flight') {
    throw new ConflictError('idempotency_in_flight', 'a request with this Idempotency-Key is still being worked on', {
      retryAfterSeconds: held.retryAfterSeconds,
    });
  }
  const body = sealToken === null ? held.reply.body : openReply(held.reply.body, sealToken, held.resourceId);
  if (body === null) throw new ConflictError('idempotency_key_reused', 'this Idempotency-Key was used by another API key');
  response.status(held.reply.status);
  response.setHeader('Idempotency-Replayed', 'true');
  for (const [name, value] of Object.entries(held.reply.headers)) response.setHeader(name, value);
  return body === '' ? undefined : body;
}

/** Same request: same method, same URL, same bytes. */
function requestHash(request: EdgeRequest): Buffer {
  return createHash('sha256')
    .update(`${request.method} ${request.originalUrl}\n`)
    .update(request.bodyHash ?? NO_BODY)
    .digest();
}
