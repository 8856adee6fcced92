import { AppError } from '../../platform/errors/app-error.js';
import type { DialectAnswer } from '../../platform/http/dialect.js';

export const runNotFound = (): AppError => new AppError(404, 'run_not_found', 'run not found');

export const notPaused = (): AppError => new AppError(404, 'not_paused', 'run not found or not paused');

export const webhookNotFound = (): AppError => new AppError(404, 'webhook_not_found', 'webhook not found');

export const keyNotFound = (): AppError => new AppError(404, 'key_not_found', 'key not found');

export const taskNotFound = (): AppError => new AppError(404, 'task_not_found', 'task not found');

/** What a later version of this server will have. */
export function notYet(what: string): AppError {
  return new AppError(501, 'not_implemented', `${what}: not implemented by this server yet`, { logLevel: 'debug' });
}

/** `{"error": <text>}`, with what else is known beside. What is wrong with a request is 400, whether it cannot be read or means nothing. */
export function meshProblem(error: AppError, _path: string, requestId: string): DialectAnswer {
  const status = error.status === 422 ? 400 : error.status;
  const { errors, extensions } = error;
  const body = {
    error: textOf(error),
    code: error.code,
    ...(errors.length > 0 ? { errors } : {}),
    ...extensions,
    request_id: requestId,
  };
  return { status, mediaType: 'application/json', body };
}

function textOf({ status, detail, errors, extensions }: AppError): string {
  if (status === 401) return 'Unauthorized';
  if (status === 403 && 'missing_permission' in extensions)
    return `Forbidden — ${roleFor(String(extensions['missing_permission']))} role required`;
  const [first] = errors;
  if (first === undefined) return detail;
  const place = first.path.replace(/^\//, '').replaceAll('/', '.');
  return place === '' ? first.message : `${place} ${first.message}`;
}

/** The least role that has the permission, as far as MeshFlow tells them apart. */
function roleFor(permission: string): string {
  return permission.endsWith('.manage') ? 'admin' : 'operator';
}
