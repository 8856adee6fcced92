import { StepError } from '../../../engine/index.js';
import { AppError } from '../../../platform/errors/app-error.js';

/** What another server is to blame for. */
const OF_OTHERS: ReadonlySet<string> = new Set([
  'dns_failed',
  'connect_failed',
  'connection_lost',
  'tls_failed',
  'bad_response',
  'http_status',
  'too_many_redirects',
  'mail_refused',
  'server_unavailable',
  'server_error',
]);

/** Codes with an answer of their own: what agents stop at. */
const STATUS: Readonly<Record<string, number>> = {
  timeout: 408,
  deadline_exceeded: 408,
  budget_exceeded: 429,
  providers_unavailable: 503,
};

/**
 * The failure of a tool as an answer: 408 when the time is over, 429 when a budget is, 502 when another server failed, 503 when it may pass, else 422.
 * The code is the tool's own. Anything but a `StepError` stays as it is.
 */
export function problemOf(error: unknown): unknown {
  if (!(error instanceof StepError)) return error;
  const { code, message, retryable, retryAfterMs, details } = error;
  return new AppError(statusOf(code, retryable), code, message, {
    cause: error,
    logLevel: 'info',
    ...(details === undefined ? {} : { extensions: { details } }),
    ...(retryAfterMs === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfterMs / 1_000) }),
  });
}

function statusOf(code: string, retryable: boolean): number {
  const own = STATUS[code];
  if (own !== undefined) return own;
  if (OF_OTHERS.has(code)) return 502;
  return retryable ? 503 : 422;
}
