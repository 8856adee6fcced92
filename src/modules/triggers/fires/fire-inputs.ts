import { LRUCache } from 'lru-cache';
import { compileTemplate, type CompiledTemplate, type Scope } from '../../../engine/expressions/index.js';
import { isJsonObject, type JsonObject, StepError } from '../../../engine/index.js';
import type { FireError, TriggerRow } from '../trigger-row.js';
import { fireError } from './fire.js';

const templates = new LRUCache<string, CompiledTemplate>({ max: 1_000 });

/** The scope of runs, which templates of triggers cannot name. */
const NO_RUN = { id: '', tenant: '', workflow: '', version: 0, attempt: 1, created_at: '', trigger: '' };

export type FireScope = Pick<Scope, 'trigger' | 'body' | 'headers' | 'query' | 'event'>;

/** What every template sees as `trigger`, besides what belongs to its kind. */
export function triggerView({ id, kind, name, workflow_name }: TriggerRow, more: JsonObject): JsonObject {
  return { id, kind, name, workflow: workflow_name, ...more };
}

/** The inputs of the run, or why there are none. */
export function fireInputs(trigger: TriggerRow, scope: FireScope): { readonly inputs: JsonObject; readonly error: FireError | null } {
  const key = `${trigger.id} ${trigger.revision}`;
  let template = templates.get(key);
  if (template === undefined) templates.set(key, (template = compileTemplate(trigger.inputs, 'trigger')));
  try {
    const inputs = template.evaluate({ inputs: {}, nodes: {}, run: NO_RUN, env: {}, secrets: {}, ...scope });
    return { inputs: isJsonObject(inputs) ? inputs : {}, error: null };
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    return { inputs: {}, error: fireError(error.code, error.message) };
  }
}
