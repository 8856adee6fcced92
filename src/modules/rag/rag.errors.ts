import { type Json, StepError } from '../../engine/index.js';
import { AppError, ConflictError, NotFoundError } from '../../platform/errors/app-error.js';
import { findForbidden } from '../../platform/http/json-text.js';

export function collectionNotFound(): NotFoundError {
  return new NotFoundError('collection');
}

export function documentNotFound(): NotFoundError {
  return new NotFoundError('document');
}

export function collectionExists(name: string): ConflictError {
  return new ConflictError('collection_exists', `there is a collection ${JSON.stringify(name)} already`);
}

/** What a model's failure means to a caller: 503 when it may pass, 502 when it will not. Anything else stays as it is. */
export function asProblem(error: unknown): unknown {
  if (!(error instanceof StepError)) return error;
  const seconds = error.retryAfterMs === undefined ? undefined : Math.ceil(error.retryAfterMs / 1_000);
  return new AppError(error.retryable ? 503 : 502, error.code, error.message, {
    cause: error,
    logLevel: 'warn',
    ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
  });
}

/**
 * For values that did not come with a request, whose texts are looked at as it is read. Throws `StepError('unstorable_text')`, which
 * says where in the value.
 */
export function refuseUnstorable(name: string, value: Json): void {
  const [fault] = findForbidden(value);
  if (fault === undefined) return;
  throw new StepError('unstorable_text', `${name}${fault.path} ${fault.message}`, { retryable: false });
}
