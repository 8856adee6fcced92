import { AppError } from '../../platform/errors/app-error.js';
import type { DialectAnswer } from '../../platform/http/dialect.js';

const TYPES = 'https://flowd.org/problems/';

export function jobNotFound(id: string): AppError {
  return new AppError(404, 'job_not_found', `The job '${id}' does not exist`);
}

export function runNotFound(id: string): AppError {
  return new AppError(404, 'run_not_found', `The run '${id}' does not exist`);
}

export function artifactNotFound(id: string): AppError {
  return new AppError(404, 'artifact_not_found', `The artifact '${id}' does not exist`);
}

/** Problem details as flwd documents them. What is wrong with a request is 400, whether it cannot be read or means nothing. */
export function flwdProblem(error: AppError, path: string, requestId: string): DialectAnswer {
  const slug = slugOf(error);
  const status = slug === 'validation-error' ? 400 : error.status;
  const body = {
    type: `${TYPES}${slug}`,
    title: titleOf(slug),
    status,
    detail: error.detail,
    instance: path,
    ...(error.errors.length > 0 ? { errors: error.errors } : {}),
    ...error.extensions,
    request_id: requestId,
  };
  return { status, mediaType: 'application/problem+json', body };
}

function slugOf({ status, code }: AppError): string {
  if (status === 400 || status === 422) return 'validation-error';
  if (status === 403) return 'permission-denied';
  return code.replaceAll('_', '-');
}

function titleOf(slug: string): string {
  return slug
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}
