import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { StoreUnavailableError } from '../../engine/ports/run-store.js';
import { AppError, type FieldError } from '../errors/app-error.js';
import { isUnavailable } from '../database/sqlstate.js';

/** An answer by RFC 9457, as the wire has it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly request_id: string;
  readonly errors?: readonly FieldError[];
  readonly [extension: string]: unknown;
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The word code of a status when nothing more exact is known. */
const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'not_acceptable',
  408: 'request_timeout',
  409: 'conflict',
  411: 'length_required',
  412: 'precondition_failed',
  413: 'payload_too_large',
  414: 'uri_too_long',
  415: 'unsupported_media_type',
  416: 'range_not_satisfiable',
  422: 'validation_failed',
  429: 'rate_limited',
  500: 'internal_error',
  501: 'not_implemented',
  502: 'bad_gateway',
  503: 'unavailable',
  504: 'gateway_timeout',
};

export function codeOfStatus(status: number): string {
  return CODE_OF_STATUS[status] ?? (status >= 500 ? 'internal_error' : 'bad_request');
}

export function titleOfStatus(status: number): string {
  return STATUS_CODES[status] ?? 'Error';
}

/** The problem body of an error. `url` may carry a query: only its path becomes the instance, since queries can hold secrets. */
export function toProblem(error: AppError, url: string, requestId: string): Problem {
  return {
    type: `urn:heddle:problem:${error.code}`,
    title: titleOfStatus(error.status),
    status: error.status,
    detail: error.detail,
    instance: pathOf(url),
    code: error.code,
    request_id: requestId,
    ...(error.errors.length > 0 ? { errors: error.errors } : {}),
    ...error.extensions,
  };
}

function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}

/**
 * Every thrown value as an AppError: ours as they are, Nest's and Express' by their status, everything else as a 500 that says
 * nothing and keeps its cause for the log.
 */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof HttpException) return fromStatus(thrown.getStatus(), thrown.message, thrown);
  if (thrown instanceof URIError) return new AppError(400, 'bad_request', 'the URL is not valid percent-encoding', { cause: thrown });
  if (isExposedHttpError(thrown)) return fromStatus(thrown.status, thrown.message, thrown);
  if (thrown instanceof StoreUnavailableError || isUnavailable(thrown)) {
    return new AppError(503, 'unavailable', 'the database does not answer; try again', {
      retryAfterSeconds: 2,
      logLevel: 'warn',
      cause: thrown,
    });
  }
  return internalError(thrown);
}

function fromStatus(status: number, message: string, cause: unknown): AppError {
  if (status >= 500 && status !== 503) return internalError(cause);
  return new AppError(status, codeOfStatus(status), message, { cause });
}

function internalError(cause: unknown): AppError {
  return new AppError(500, 'internal_error', 'an unexpected error; the log has it under this request id', { cause });
}

/** Errors of Express and its middleware: `status` with `expose`, which says that the message may be shown. */
function isExposedHttpError(thrown: unknown): thrown is Error & { status: number } {
  if (!(thrown instanceof Error)) return false;
  const { status, expose } = thrown as Error & { status?: unknown; expose?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 && expose === true;
}
