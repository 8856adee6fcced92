import type { DefinitionFault } from '../../engine/graph/index.js';
import { BadRequestError, ConflictError, NotFoundError, UnprocessableError } from '../../platform/errors/app-error.js';

export function workflowNotFound(): NotFoundError {
  return new NotFoundError('workflow');
}

export function jobNotFound(): NotFoundError {
  return new NotFoundError('job');
}

export function invalidDefinition(errors: readonly DefinitionFault[]): UnprocessableError {
  const detail = errors.length === 1 ? 'the definition has an error' : `the definition has ${errors.length} errors`;
  return new UnprocessableError(detail, errors, 'invalid_definition');
}

export function malformedYaml(errors: readonly DefinitionFault[]): BadRequestError {
  return new BadRequestError('the YAML cannot be read', errors, 'malformed_yaml');
}

/** Somebody stored and deleted the same name all the while. */
export function contendedName(): ConflictError {
  return new ConflictError('contended', 'the workflow changes too fast, try again', { retryAfterSeconds: 1 });
}
