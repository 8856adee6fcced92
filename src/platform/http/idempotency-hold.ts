import type { ServerResponse } from 'node:http';
import type { AppError } from '../errors/app-error.js';
import type { Logger } from '../logging/index.js';
import { JSON_MEDIA_TYPE, problemAnswer } from './edge-answer.js';
import type { EdgeRequest, IdempotencyHold } from './edge-request.js';
import { type IdempotencyStore, LOCK_SECONDS, type IdempotencySlot, type StoredReply } from './idempotency.store.js';
import { sealReply } from './reply-seal.js';

const STORED_HEADERS = ['content-type', 'location', 'preference-applied'] as const;
/** Answers about the moment, not about the request: repeating them later would be wrong. */
const PASSING_STATUSES = new Set([401, 403, 408, 425, 429]);

/** The slot of the request that came first with its key, renewed until the request is answered. */
export class HeldSlot implements IdempotencyHold {
  private readonly renewal: NodeJS.Timeout;

  constructor(
    private readonly store: IdempotencyStore,
    private readonly logger: Logger,
    private readonly slot: IdempotencySlot,
    readonly resourceId: string,
    /** The caller's API key when the reply must be sealed. */
    private readonly sealToken: string | null,
  ) {
    this.renewal = setInterval(() => void this.quietly(store.renew(slot, resourceId)), (LOCK_SECONDS * 1000) / 3);
  }

  async keepReply(response: ServerResponse, body: string | undefined): Promise<void> {
    if (response.headersSent || response.statusCode >= 500) return this.release();
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': JSON_MEDIA_TYPE };
    for (const name of STORED_HEADERS) if (response.hasHeader(name)) headers[name] = String(response.getHeader(name));
    await this.keep({ status: response.statusCode, headers, body: body ?? '' });
  }

  async keepProblem(request: EdgeRequest, error: AppError): Promise<void> {
    if (error.status >= 500 || PASSING_STATUSES.has(error.status)) return this.release();
    const { status, mediaType, body } = problemAnswer(error, request);
    await this.keep({ status, headers: { 'content-type': mediaType }, body: JSON.stringify(body) });
  }

  private keep(reply: StoredReply): Promise<void> {
    const body = this.sealToken === null ? reply.body : sealReply(reply.body, this.sealToken, this.resourceId);
    return this.leave(this.store.storeReply(this.slot, this.resourceId, { ...reply, body }));
  }

  private release(): Promise<void> {
    return this.leave(this.store.release(this.slot, this.resourceId));
  }

  private leave(work: Promise<void>): Promise<void> {
    clearInterval(this.renewal);
    return this.quietly(work);
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
