import { isJsonObject, type Json, type JsonObject } from '../../model/json.js';
import type { AwfFault, AwfSurroundings } from './awf-source.js';

/** Replaces every `use_template` by the steps of the template, its parameters put in their places. */
export function expandTemplates(steps: JsonObject, surroundings: AwfSurroundings, faults: AwfFault[]): JsonObject {
  const expanded: JsonObject = {};
  for (const [name, step] of Object.entries(steps)) {
    Object.assign(expanded, expand(name, step, [], surroundings, faults));
  }
  // Steps that a template brings along never replace the workflow's own.
  return { ...expanded, ...Object.fromEntries(Object.keys(steps).map((name) => [name, expanded[name] as Json])) };
}

function expand(name: string, step: Json, above: readonly string[], surroundings: AwfSurroundings, faults: AwfFault[]): JsonObject {
  if (!isJsonObject(step) || typeof step['use_template'] !== 'string') return { [name]: step };
  const { use_template: template, parameters: given, ...own } = step;
  const path = `/states/${name}/use_template`;
  if (above.includes(template)) {
    faults.push({ path, code: 'circular_template', message: `templates use each other: ${[...above, template].join(' -> ')}` });
    return {};
  }
  const source = surroundings.template?.(template) ?? null;
  const inner = source !== null && isJsonObject(source['states']) ? source['states'] : null;
  const primary = inner?.[template];
  if (source === null || inner === null || !isJsonObject(primary)) {
    faults.push({ path, code: 'template_not_found', message: `there is no template ${template} with a step of that name` });
    return {};
  }
  const parameters = parametersOf(source['parameters'], isJsonObject(given) ? given : {}, `/states/${name}/parameters`, faults);
  const { [template]: _, initial: __, ...others } = inner;
  const filled = substitute({ ...primary, ...own }, parameters);
  return {
    ...Object.fromEntries(Object.entries(others).map(([other, value]) => [other, substitute(value, parameters)])),
    ...expand(name, filled, [...above, template], surroundings, faults),
  };
}

function parametersOf(declared: Json | undefined, given: JsonObject, path: string, faults: AwfFault[]): JsonObject {
  const values: JsonObject = { ...given };
  for (const parameter of Array.isArray(declared) ? declared : []) {
    if (!isJsonObject(parameter) || typeof parameter['name'] !== 'string') continue;
    const { name } = parameter;
    if (values[name] !== undefined) continue;
    if (parameter['default'] !== undefined) values[name] = parameter['default'];
    else if (parameter['required'] === true)
      faults.push({ path: `${path}/${name}`, code: 'required', message: `parameters.${name} is required` });
  }
  return values;
}

function substitute(value: Json, parameters: JsonObject): Json {
  if (typeof value === 'string') {
    return value.replace(/\{\{-?\s*\.?parameters\.(\w+)\s*-?\}\}/g, (whole, name: string) => {
      const parameter = parameters[name];
      if (parameter === undefined) return whole;
      return typeof parameter === 'string' ? parameter : JSON.stringify(parameter);
    });
  }
  if (Array.isArray(value)) return value.map((element) => substitute(element, parameters));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, substitute(member, parameters)]));
}
