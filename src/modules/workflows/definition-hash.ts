import { createHash } from 'node:crypto';
import { canonicalJson } from '../../engine/model/canonical-json.js';
import type { WorkflowDefinition } from '../../engine/model/definition.js';
import type { Json } from '../../engine/model/json.js';

/** Equal for definitions that mean the same, whatever the order of their keys or the language they were written in. */
export function hashDefinition(definition: WorkflowDefinition): Buffer {
  return createHash('sha256')
    .update(canonicalJson(definition as unknown as Json))
    .digest();
}
