import { isJsonObject, type Json, type JsonObject } from '../../../engine/index.js';

/** Fills `{{ path.to.value }}` in; what is not there is empty, or `default('…')` of it. */
export function renderInstructions(template: string, values: JsonObject): string {
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
