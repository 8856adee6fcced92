import type { Json } from './json.js';

/** How an error is stored in the journal and shown by the API. */
export interface SerializedError {
  readonly code: string;
  readonly message: string;
  readonly details?: Json;
  readonly retryable?: boolean;
  /** Path of the step that made a run fail. */
  readonly step?: string;
}

export interface StepErrorOptions {
  /** Whether another attempt could succeed. Default true; terminal errors (bad config, refused egress) say false. */
  readonly retryable?: boolean;
  /** Delay before the next attempt in milliseconds, overriding the node's back-off (e.g. from `Retry-After`). */
  readonly retryAfterMs?: number;
  readonly details?: Json;
  readonly cause?: unknown;
}

/**
 * The failure of a step, as node types throw it. `code` is a word code that `retry.retry_on` and expressions
 * (`nodes.x.error.code`) match on; the message is shown to users, so it holds no secrets and no stack.
 */
export class StepError extends Error {
  override readonly name = 'StepError';
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly details: Json | undefined;

  constructor(code: string, message: string, options: StepErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? true;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }
}

/** Serialises any thrown value. Unknown errors become `internal_error` with their message, never their stack. */
export function serializeError(error: unknown): SerializedError {
  if (error instanceof StepError) {
    return {
      code: error.code,
      message: error.message,
      ...(error.details === undefined ? {} : { details: error.details }),
      ...(error.retryable ? {} : { retryable: false }),
    };
  }
  if (error instanceof Error) return { code: 'internal_error', message: error.message };
  return { code: 'internal_error', message: String(error) };
}
