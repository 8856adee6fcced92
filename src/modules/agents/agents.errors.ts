import type { DefinitionFault } from '../../engine/graph/index.js';
import { BadRequestError, NotFoundError, UnprocessableError } from '../../platform/errors/app-error.js';

export function agentNotFound(): NotFoundError {
  return new NotFoundError('agent');
}

export function invalidAgent(errors: readonly DefinitionFault[]): UnprocessableError {
  const detail = errors.length === 1 ? 'the agent has an error' : `the agent has ${errors.length} errors`;
  return new UnprocessableError(detail, errors, 'invalid_definition');
}

export function malformedYaml(errors: readonly DefinitionFault[]): BadRequestError {
  return new BadRequestError('the YAML cannot be read', errors, 'malformed_yaml');
}
