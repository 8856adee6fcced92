import {
  APICallError,
  EmptyResponseBodyError,
  InvalidResponseDataError,
  JSONParseError,
  LoadAPIKeyError,
  TypeValidationError,
} from '@ai-sdk/provider';
import { StepError } from '../../engine/index.js';
import { retryAfterMs } from '../../platform/egress/index.js';
import type { ModelErrorClass } from './model-call.js';

/** A failed attempt, classed: what is done next depends on the class only. */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure';
  constructor(
    readonly errorClass: ModelErrorClass,
    message: string,
    readonly options: { readonly status?: number; readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
  }

  /** Whether the same model may well answer when asked again. */
  get isPassing(): boolean {
    return PASSING.has(this.errorClass);
  }

  /** Whether it says something about the provider's health. */
  get isOutage(): boolean {
    return OUTAGES.has(this.errorClass);
  }
}

const PASSING: ReadonlySet<ModelErrorClass> = new Set(['rate_limited', 'unavailable', 'timeout', 'interrupted', 'malformed']);
const OUTAGES: ReadonlySet<ModelErrorClass> = new Set(['auth', 'rate_limited', 'unavailable', 'timeout', 'interrupted', 'malformed']);
const MAX_MESSAGE = 500;

/** Any error of a provider's adapter as a `ModelFailure`. */
export function toModelFailure(error: unknown, now: number): ModelFailure {
  if (error instanceof ModelFailure) return error;
  const inner = stepErrorIn(error);
  if (inner !== null) return ofEgress(inner);
  if (APICallError.isInstance(error)) return ofStatus(error, now);
  if (LoadAPIKeyError.isInstance(error)) return new ModelFailure('no_key', error.message, { cause: error });
  if (isMalformed(error)) return new ModelFailure('malformed', 'the answer could not be read', { cause: error });
  return new ModelFailure('unavailable', shortened(error instanceof Error ? error.message : String(error)), { cause: error });
}

/** An error that the provider told in the middle of its stream. */
export function ofStreamError(error: unknown, now: number): ModelFailure {
  if (error instanceof Error) return toModelFailure(error, now);
  const text = typeof error === 'string' ? error : JSON.stringify(error);
  if (/overloaded|rate.?limit/i.test(text)) return new ModelFailure('rate_limited', shortened(text));
  return new ModelFailure('interrupted', shortened(text));
}

function ofStatus(error: APICallError, now: number): ModelFailure {
  const { statusCode: status } = error;
  if (status === undefined) return new ModelFailure('unavailable', shortened(error.message), { cause: error });
  const wait = retryAfterMs(error.responseHeaders, now);
  const options = { status, cause: error, ...(wait === undefined ? {} : { retryAfterMs: wait }) };
  const message = shortened(error.message === '' ? `the provider answered ${status}` : error.message);
  if (status === 401 || status === 403) return new ModelFailure('auth', message, options);
  if (status === 429 || status === 529) return new ModelFailure('rate_limited', message, options);
  if (status === 408 || status === 504) return new ModelFailure('timeout', message, options);
  if (status >= 500 || status === 409) return new ModelFailure('unavailable', message, options);
  if (status < 300) return new ModelFailure('malformed', 'the answer could not be read', options);
  return new ModelFailure('bad_request', message, options);
}

function ofEgress(error: StepError): ModelFailure {
  switch (error.code) {
    case 'egress_refused':
    case 'invalid_url':
    case 'invalid_request':
      return new ModelFailure('refused', error.message, { cause: error });
    case 'timeout':
      return new ModelFailure('timeout', error.message, { cause: error });
    case 'bad_response':
    case 'too_large':
      return new ModelFailure('malformed', error.message, { cause: error });
    default:
      return new ModelFailure('unavailable', error.message, { cause: error });
  }
}

/** Adapters wrap what `fetch` throws. */
function stepErrorIn(error: unknown, depth = 0): StepError | null {
  if (error instanceof StepError) return error;
  return error instanceof Error && depth < 5 ? stepErrorIn(error.cause, depth + 1) : null;
}

function isMalformed(error: unknown): boolean {
  return (
    JSONParseError.isInstance(error) ||
    TypeValidationError.isInstance(error) ||
    InvalidResponseDataError.isInstance(error) ||
    EmptyResponseBodyError.isInstance(error)
  );
}

function shortened(text: string): string {
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
}
