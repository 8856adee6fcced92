import { AppError, type FieldError } from '../../../platform/errors/app-error.js';
import type { DialectAnswer } from '../../../platform/http/dialect.js';

const TYPES = 'https://flowd.dev/problems/';
const ROOT_PATH = /^\/(?:healthz|health\/storage|jobs|plans|runs|events|sources|kv|metrics)(?:[/:]|$)/;

interface Told {
  readonly title: string;
  /** Instead of the error's own. */
  readonly status?: number;
  /** Of the problem's type; most have none. */
  readonly slug?: string;
}

const UNREADABLE: Told = { title: 'invalid request body', status: 400 };

/** Errors that are told otherwise than by the words of their codes. */
const TOLD: Readonly<Record<string, Told>> = {
  malformed_json: UNREADABLE,
  invalid_utf8: UNREADABLE,
  too_deep: UNREADABLE,
  validation_failed: UNREADABLE,
  unknown_field: UNREADABLE,
  invalid_pagination: { title: 'invalid pagination', status: 400 },
  job_id_required: { title: 'job_id is required' },
  invalid_inputs: { title: 'argument validation failed' },
  idempotency_key_invalid: { title: 'invalid Idempotency-Key header' },
  idempotency_hash_invalid: { title: 'invalid Idempotency-SHA256 header' },
  idempotency_hash_mismatch: { title: 'idempotency hash mismatch', slug: 'idempotency-key-conflict' },
  idempotency_key_reused: { title: 'idempotency key conflict', slug: 'idempotency-key-conflict' },
  namespace_forbidden: { title: 'namespace forbidden', slug: 'namespace-forbidden' },
  namespace_full: { title: 'storage quota exceeded', status: 429, slug: 'storage-quota-exceeded' },
};

/** Whether a path is one of the API without a prefix. */
export function isRootPath(path: string): boolean {
  return ROOT_PATH.test(path);
}

export function sourceNotFound(name: string): AppError {
  return new AppError(404, 'source_not_found', name);
}

export function keyNotFound(key: string): AppError {
  return new AppError(404, 'key_not_found', key);
}

/** Problem details as flwd answers them at the root: titles are small, and few have a type. */
export function rootProblem(error: AppError, path: string, requestId: string): DialectAnswer {
  const { title, status = error.status, slug }: Told = TOLD[codeOf(error)] ?? { title: error.code.replaceAll('_', ' ') };
  const errors = error.code === 'invalid_inputs' ? error.errors.map(argumentFault) : error.errors;
  const body = {
    ...(slug === undefined ? {} : { type: `${TYPES}${slug}` }),
    title,
    status,
    detail: error.detail,
    instance: path,
    ...(errors.length > 0 ? { errors } : {}),
    ...error.extensions,
    request_id: requestId,
  };
  return { status, mediaType: 'application/problem+json', body };
}

/** What is wrong with a query is the page that it asks for. */
function codeOf({ code, errors }: AppError): string {
  return code === 'validation_failed' && errors.some(({ path }) => path === 'page' || path === 'per_page') ? 'invalid_pagination' : code;
}

/** `/inputs/target` is the argument `target`. */
function argumentFault({ path, message }: FieldError): object {
  return { arg: path.split('/')[2] ?? '', message };
}
