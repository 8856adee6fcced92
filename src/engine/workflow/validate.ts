import { validateDefinition, type ValidationResult } from '../graph/index.js';
import { isJsonObject, type Json } from '../model/json.js';
import type { NodeTypes } from '../ports/node-type.js';
import { validateStates } from '../states/index.js';

/** The kinds of workflow; without a `kind` a definition is a graph. */
export const WORKFLOW_KINDS = ['graph', 'states'] as const;

/** Finds everything that is wrong with a definition of any kind. `definition` is any JSON. */
export function validateWorkflow(definition: Json, nodeTypes: NodeTypes): ValidationResult {
  if (!isJsonObject(definition)) return validateDefinition(definition, nodeTypes);
  switch (definition['kind']) {
    case undefined:
    case 'graph':
      return validateDefinition(definition, nodeTypes);
    case 'states':
      return validateStates(definition, nodeTypes);
    default: {
      const message = `a workflow is of kind ${WORKFLOW_KINDS.join(' or ')}`;
      return { valid: false, errors: [{ path: '/kind', code: 'unsupported_kind', message }], warnings: [], levels: [] };
    }
  }
}
