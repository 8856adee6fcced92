import type { DefinitionFault } from '../../engine/graph/index.js';
import { BadRequestError, ConflictError, NotFoundError, UnprocessableError } from '../../platform/errors/app-error.js';
import type { Undeployed } from './agent-queries.js';

export function agentNotFound(): NotFoundError {
  return new NotFoundError('agent');
}

/** It takes no runs now. */
export function agentNotDeployed(name: string, lifecycle: Undeployed): ConflictError {
  const reason = lifecycle === 'draft' ? 'a draft' : 'paused';
  return new ConflictError('agent_not_deployed', `the agent "${name}" is ${reason}: it takes no runs until it is deployed`);
}

export function invalidAgent(errors: readonly DefinitionFault[]): UnprocessableError {
  const detail = errors.length === 1 ? 'the agent has an error' : `the agent has ${errors.length} errors`;
  return new UnprocessableError(detail, errors, 'invalid_definition');
}

export function malformedYaml(errors: readonly DefinitionFault[]): BadRequestError {
  return new BadRequestError('the YAML cannot be read', errors, 'malformed_yaml');
}
