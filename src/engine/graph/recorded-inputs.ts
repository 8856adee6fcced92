import type { CompiledTemplate } from '../expressions/index.js';
import type { Json, JsonObject } from '../model/json.js';

/** Resolved inputs above this many characters are not repeated in the journal: they are someone else's output. */
const MAX_RECORDED_INPUT = 8_192;

/** What the journal shows as a step's inputs: members that are not written in the definition itself, without secrets. */
export function recordable(
  node: { readonly config: CompiledTemplate; readonly inputs: CompiledTemplate },
  config: JsonObject,
  inputs: JsonObject,
): JsonObject | undefined {
  const shown: JsonObject = {};
  for (const [template, value] of [[node.config, config] as const, [node.inputs, inputs] as const]) {
    if (template.constant) continue;
    for (const key of Object.keys(value)) {
      if (template.secretKeys.has(key)) shown[key] = '***';
      else if (!template.constantKeys.has(key)) shown[key] = value[key] as Json;
    }
  }
  if (Object.keys(shown).length === 0) return undefined;
  const size = JSON.stringify(shown).length;
  return size > MAX_RECORDED_INPUT ? { $truncated: size } : shown;
}
