import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { StepError } from '../../../engine/index.js';

const MAX_MESSAGE = 500;
/** Nobody knows whether the server did what it was asked. */
const UNCLEAR: ReadonlySet<string> = new Set([SdkErrorCode.ConnectionClosed, SdkErrorCode.SendFailed]);

/** What went wrong with a server, as a `StepError`: `timeout`, `outcome_unknown`, `server_error`, `server_unavailable`, or the guard's own. */
export function faultOf(error: unknown, whose: string): StepError {
  const own = stepErrorIn(error);
  if (own !== null) return own;
  if (SdkError.isInstance(error)) {
    if (error.code === SdkErrorCode.RequestTimeout)
      return new StepError('timeout', `${whose} did not answer in time`, { retryable: false });
    if (error.code === SdkErrorCode.UnsupportedResultType) {
      return new StepError('input_required', `${whose} wants more from a person than a call can give`, { retryable: false });
    }
    if (UNCLEAR.has(error.code))
      return new StepError('outcome_unknown', `the connection to ${whose} broke during the call`, { retryable: false });
  }
  if (ProtocolError.isInstance(error)) {
    return new StepError('server_error', `${whose} refuses: ${short(error.message)}`, { retryable: false, details: { code: error.code } });
  }
  if (SdkHttpError.isInstance(error)) {
    return new StepError('server_unavailable', `${whose} answered ${error.status}`, { retryable: error.status >= 500 });
  }
  return new StepError('server_unavailable', `${whose} cannot be used: ${short(error instanceof Error ? error.message : String(error))}`, {
    cause: error,
  });
}

/** A session that the server has forgotten: what was asked in it was not done, so another may be begun for it. */
export function isSessionGone(error: unknown): boolean {
  return SdkHttpError.isInstance(error) && error.status === 404;
}

function stepErrorIn(error: unknown): StepError | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth += 1) if (at instanceof StepError) return at;
  return null;
}

function short(text: string): string {
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
}
