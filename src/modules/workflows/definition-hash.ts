import { createHash } from 'node:crypto';
import { canonicalJson } from '../../engine/model/canonical-json.js';
import type { WorkflowDefinition } from '../../engine/model/definition.js';
import type { Json } from '../../engine/model/json.js';
import type { DefinitionOrigin } from './origin.js';

/**
 * Equal for definitions that mean the same, whatever the order of their keys or the language they were written in. The version
 * that a file's author gives it and the content of the files it needs are part of what it means.
 */
export function hashDefinition(definition: WorkflowDefinition, origin: DefinitionOrigin | null): Buffer {
  const hash = createHash('sha256').update(canonicalJson(definition as unknown as Json));
  if (origin !== null && (origin.label !== null || origin.digest !== null)) hash.update(canonicalJson([origin.label, origin.digest]));
  return hash.digest();
}
