import { StepError } from '../../../engine/index.js';
import { AppError } from '../../../platform/errors/app-error.js';

/** What a refusal means to a step: trying again would be refused again. */
export function asStepError(error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  const details = error.errors.map(({ path, message }) => ({ path, message }));
  return new StepError(error.code, error.detail, { retryable: error.status >= 500, details, cause: error });
}
