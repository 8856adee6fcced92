import type { FieldError } from '../../platform/errors/app-error.js';
import { SchemaValidator } from '../nodes/index.js';
import type { ModelBlock } from './model-config.js';
import { patternFaults, SCRIPT_RULE_SCHEMA } from './scripted/script.js';

const checkRule = new SchemaValidator().compile(SCRIPT_RULE_SCHEMA);

/** Faults of a block that fits the schema, in what depends on its provider. `path` is where the block stands. */
export function blockFaults(block: ModelBlock, path: string): FieldError[] {
  const faults: FieldError[] = [];
  if (block.provider === 'openai_compatible' && block.base_url === undefined) {
    faults.push({
      path: `${path}/base_url`,
      code: 'required',
      message: 'is required: an OpenAI-compatible endpoint has no address of its own',
    });
  }
  if (block.provider === 'scripted') {
    if (block.rules === undefined)
      faults.push({ path: `${path}/rules`, code: 'required', message: 'is required: a scripted model knows nothing else' });
    for (const [index, rule] of (block.rules ?? []).entries()) {
      const at = `${path}/rules/${index}`;
      const found = checkRule(rule);
      faults.push(...found.map((fault) => ({ ...fault, path: `${at}${fault.path}` })));
      if (found.length > 0) continue;
      for (const fault of patternFaults(rule)) faults.push({ path: `${at}${fault.path}`, code: 'pattern', message: fault.message });
    }
  } else if (block.rules !== undefined) {
    faults.push({ path: `${path}/rules`, code: 'unknown_field', message: 'only scripted models have rules' });
  }
  return faults;
}
