import { AppError } from '../../platform/errors/app-error.js';
import type { DialectAnswer } from '../../platform/http/dialect.js';
import { titleOfStatus } from '../../platform/http/problem.js';

/** Codes of errors that are the reason why an execution did not start. */
export const NOT_STARTED = 'execution_not_started';

export function workflowNotFound(name: string): AppError {
  return new AppError(404, 'not_found', `workflow not found: ${name}`);
}

export function executionNotFound(id: string): AppError {
  return new AppError(404, 'not_found', `execution not found: ${id}`);
}

export function notResumable(id: string): AppError {
  return new AppError(404, 'not_found', `execution not found or cannot be resumed: ${id}`);
}

export function notWaiting(id: string, promptId: string): AppError {
  const what = promptId === '' ? 'does not wait for input' : `does not wait for an answer to ${promptId}`;
  return new AppError(409, 'not_waiting', `execution ${id} ${what}`);
}

/** Problem details as AWF has them: without type and instance, faults with the place they are in. */
export function awfProblem(error: AppError, _path: string, requestId: string): DialectAnswer {
  const { code, errors } = error;
  const faulty = error.status === 422 && code !== NOT_STARTED && errors.length > 0;
  // What is only missing makes a bad request, what is wrong an unprocessable one.
  const status = faulty && errors.every((each) => each.code === 'required') ? 400 : error.status;
  const body = {
    title: titleOfStatus(status),
    status,
    detail: faulty ? 'validation failed' : error.detail,
    ...(errors.length > 0 ? { errors: errors.map(({ path, message }) => ({ message, location: locationOf(path) })) } : {}),
    request_id: requestId,
  };
  return { status, mediaType: 'application/problem+json', body };
}

/** `/inputs/file` is in the body, `limit` in the query. */
function locationOf(path: string): string {
  if (path !== '' && !path.startsWith('/')) return `query.${path}`;
  return `body${path.replaceAll('/', '.')}`;
}
