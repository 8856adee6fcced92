import { isJsonObject, type SerializedError } from '../../../engine/index.js';
import { AppError } from '../../../platform/errors/app-error.js';

/** The answer that a code stands for; what is not here is the agent's own failure, 422. */
const STATUS: Readonly<Record<string, number>> = {
  deadline_exceeded: 408,
  run_timeout: 408,
  timeout: 408,
  budget_exceeded: 429,
  providers_unavailable: 503,
  internal_error: 500,
};

/** A run that did not succeed, as an answer. Limits have statuses of their own; none of them is a success. */
export function agentProblem(runId: string, error: SerializedError | null): AppError {
  if (error === null) return new AppError(500, 'internal_error', 'the run ended without an answer', { extensions: { run_id: runId } });
  const details = isJsonObject(error.details) ? error.details : {};
  const { retry_after_ms: retryAfterMs, ...shown } = details;
  const status = STATUS[error.code] ?? 422;
  return new AppError(status, error.code, error.message, {
    extensions: { run_id: runId, ...shown },
    logLevel: 'debug',
    ...(typeof retryAfterMs === 'number'
      ? { retryAfterSeconds: Math.ceil(retryAfterMs / 1_000) }
      : status === 503
        ? { retryAfterSeconds: 5 }
        : {}),
  });
}

export function cancelledProblem(runId: string): AppError {
  return new AppError(409, 'run_cancelled', 'the run was cancelled', { extensions: { run_id: runId }, logLevel: 'debug' });
}
