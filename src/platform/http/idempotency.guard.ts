import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { BadRequestError, ConflictError } from '../errors/app-error.js';
import { LOGGER, type Logger } from '../logging/index.js';
import { keyInHeaders } from './authenticator.js';
import type { EdgeRequest } from './edge-request.js';
import { HeldSlot } from './idempotency-hold.js';
import { IdempotencyStore, type StoredReply, type Taken } from './idempotency.store.js';
import { openReply } from './reply-seal.js';

/** Metadata key of the IdempotentOptions of a route. */
export const IDEMPOTENT = 'heddle:idempotent';

export interface IdempotentOptions {
  /** The reply holds a secret: it is stored encrypted under the caller's own API key, so that only that caller can replay it. */
  readonly secretReply?: boolean;
}

const SOUND_KEY = /^[\x20-\x7e]{1,255}$/;
const NO_BODY = createHash('sha256').digest();

/** No fault, but what ends a request whose answer is known already: the problem filter sends it instead of a problem. */
export class StoredAnswer extends Error {
  override readonly name = 'StoredAnswer';
  constructor(private readonly reply: StoredReply) {
    super('the request was answered before');
  }

  send({ dialect }: EdgeRequest, response: ServerResponse): void {
    const { status, headers, body } = this.reply;
    response.statusCode = status;
    response.setHeader(dialect?.replayHeader ?? 'Idempotency-Replayed', 'true');
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader('Content-Length', Buffer.byteLength(body));
    response.end(body);
  }
}

/**
 * Runs a creating request once per `Idempotency-Key`; see `@Idempotent()`. It comes after permission, body and validation: what
 * they refuse has not begun, so it uses no key up. What the slot's holder answers is kept where answers are sent.
 */
@Injectable()
export class IdempotencyGuard implements CanActivate {
  constructor(
    private readonly store: IdempotencyStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<EdgeRequest>();
    const key = request.headers['idempotency-key'];
    return key === undefined ? true : this.take(request, key, optionsOf(context));
  }

  private async take(request: EdgeRequest, key: string | string[], { secretReply = false }: IdempotentOptions): Promise<true> {
    if (typeof key !== 'string' || !SOUND_KEY.test(key)) {
      throw new BadRequestError('an Idempotency-Key is 1 to 255 printable ASCII characters', [], 'bad_idempotency_key');
    }
    const sealToken = secretReply ? (keyInHeaders(request.headers, request.dialect) ?? null) : null;
    if (secretReply && sealToken === null) {
      throw new BadRequestError(
        'without an API key there is nothing to keep the reply secret with, so no Idempotency-Key',
        [],
        'bad_idempotency_key',
      );
    }
    const slot = {
      tenant: request.principal?.tenant ?? '',
      scope: `${request.method} ${String((request.route as { path?: unknown } | undefined)?.path)}`,
      key,
    };
    const taken = await this.store.take(slot, requestHash(request), uuidv7());
    if (taken.kind !== 'taken') throw storedAnswer(taken, sealToken);
    request.idempotency = new HeldSlot(this.store, this.logger, slot, taken.resourceId, sealToken);
    return true;
  }
}

function optionsOf(context: ExecutionContext): IdempotentOptions {
  return (Reflect.getMetadata(IDEMPOTENT, context.getHandler()) as IdempotentOptions | undefined) ?? {};
}

/** What a request gets whose key is another's. */
function storedAnswer(held: Exclude<Taken, { kind: 'taken' }>, sealToken: string | null): Error {
  if (held.kind === 'reused') return new ConflictError('idempotency_key_reused', 'this Idempotency-Key was used for another request');
  if (held.kind === 'in_flight') {
    return new ConflictError('idempotency_in_flight', 'a request with this Idempotency-Key is still being worked on', {
      retryAfterSeconds: held.retryAfterSeconds,
    });
  }
  const body = sealToken === null ? held.reply.body : openReply(held.reply.body, sealToken, held.resourceId);
  if (body === null) return new ConflictError('idempotency_key_reused', 'this Idempotency-Key was used by another API key');
  return new StoredAnswer({ ...held.reply, body });
}

/** Same request: same method, same URL, same bytes. */
function requestHash(request: EdgeRequest): Buffer {
  return createHash('sha256')
    .update(`${request.method} ${request.originalUrl}\n`)
    .update(request.bodyHash ?? NO_BODY)
    .digest();
}
