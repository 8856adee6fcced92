import { AppError, BadRequestError, type FieldError } from '../../platform/errors/app-error.js';
import type { DialectAnswer } from '../../platform/http/dialect.js';

const MAX_FAULTS = 20;

export function workflowNotFound(id: string): AppError {
  return new AppError(404, 'not_found', `Workflow ${id} not found`);
}

/** The workflow cannot be what was sent. */
export function badWorkflow(reason: string): AppError {
  return new BadRequestError(`Workflow error: ${reason}`);
}

/** An execution that did not come to a good end. */
export function executionFailed(reason: string): AppError {
  return new AppError(500, 'execution_failed', reason, { logLevel: 'debug' });
}

/** `{"error": …}`, also of what the edge refuses. What is wrong with a request is 400, whether it cannot be read or means nothing. */
export function flowEngineProblem(error: AppError): DialectAnswer {
  return { status: error.status === 422 ? 400 : error.status, mediaType: 'application/json', body: { error: textOf(error) } };
}

function textOf({ detail, errors }: AppError): string {
  if (errors.length === 0) return detail;
  const shown = errors.slice(0, MAX_FAULTS).map(faultText);
  return `${detail}: ${shown.join('; ')}${errors.length > MAX_FAULTS ? '; …' : ''}`;
}

/** `nodes[0].node_type is required`. */
export function faultText({ path, message }: Pick<FieldError, 'path' | 'message'>): string {
  const place = path
    .split('/')
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
  return place === '' ? message : `${place} ${message}`;
}
