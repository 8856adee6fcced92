import { type DurableCall, isJsonObject, type Json, type JsonObject } from '../../../engine/index.js';
import { renderTemplate } from '../../tools/index.js';

/** What makes instructions a Jinja template. */
const STATEMENT = /\{%/;

export function hasStatements(template: string): boolean {
  return STATEMENT.test(template);
}

/** Instructions with statements (`{% if … %}`) are filled in as Jinja, within limits, once for a run: it is a step. */
export async function instructionsOf(call: DurableCall, key: string, template: string, values: JsonObject): Promise<string> {
  if (!hasStatements(template)) return renderInstructions(template, values);
  const text = await call.step(key, { type: 'agent.instructions' }, ({ signal }) =>
    renderTemplate({ template, data: JSON.stringify(values) }, signal),
  );
  return String(text);
}

/** Fills `{{ path.to.value }}` in; what is not there is empty, or `default('…')` of it. */
function renderInstructions(template: string, values: JsonObject): string {
  return template.replaceAll(/\{\{-?\s*([^{}]*?)\s*-?\}\}/g, (_, expression: string) => {
    const [path = '', filter] = expression.split('|').map((part) => part.trim());
    const value = valueAt(values, path);
    if (value !== undefined && value !== null) return typeof value === 'string' ? value : JSON.stringify(value);
    return /^default\(\s*(["'])(.*)\1\s*\)$/.exec(filter ?? '')?.[2] ?? '';
  });
}

function valueAt(values: JsonObject, path: string): Json | undefined {
  return path
    .split('.')
    .reduce<Json | undefined>((value, name) => (isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined), values);
}
