import { createHash } from 'node:crypto';
import type { Json } from '../../engine/model/json.js';
import type { WorkflowDefinition } from '../../engine/model/definition.js';

/** Equal for definitions that mean the same, whatever the order of their keys or the language they were written in. */
export function hashDefinition(definition: WorkflowDefinition): Buffer {
  return createHash('sha256')
    .update(canonical(definition as unknown as Json))
    .digest();
}

function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key] as Json)}`);
  return `{${members.join(',')}}`;
}
