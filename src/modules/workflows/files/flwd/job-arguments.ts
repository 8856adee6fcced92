import { pointerTo } from '../../../../engine/expressions/index.js';
import { isJsonObject, type Json, type JsonObject } from '../../../../engine/model/json.js';
import type { JobFaults } from './job-faults.js';
import { secretNameOf } from './job-secrets.js';

export interface JobArgument {
  readonly name: string;
  readonly kind: 'scalar' | 'list' | 'map';
  /** Whether a run that could start always has it. */
  readonly present: boolean;
}

export interface JobArguments {
  /** JSON Schema 2020-12 of the run's inputs. */
  readonly inputs: JsonObject;
  readonly list: readonly JobArgument[];
  /** Arguments whose value only the server knows. */
  readonly secrets: readonly { readonly name: string; readonly required: boolean }[];
}

const TYPES: Readonly<Record<string, string>> = { int: 'integer', bool: 'boolean', float: 'number' };
/** Formats of the original that say what a text means to a user and not what it looks like. */
const LOOSE_FORMATS = new Set(['path', 'file', 'directory']);

/** The arguments of a job: `argspec` as a JSON Schema or as a list, or a map `arguments`. */
export function readArguments(config: JsonObject, faults: JobFaults): JobArguments {
  const argspec = faults.mapping(config, 'argspec');
  if (argspec !== undefined) {
    return Array.isArray(argspec['args'])
      ? fromList(argspec['args'].flatMap((argument, index) => listed(argument, `/argspec/args/${index}`, faults)))
      : fromSchema(argspec, faults);
  }
  const map = faults.mapping(config, 'arguments') ?? {};
  const named = Object.entries(map).map(([name, value]): [string, Json] => [name, isJsonObject(value) ? { name, ...value } : value]);
  return fromList(named.flatMap(([name, argument]) => listed(argument, pointerTo('/arguments', name), faults)));
}

function fromSchema(schema: JsonObject, faults: JobFaults): JobArguments {
  if (schema['type'] !== undefined && schema['type'] !== 'object') {
    faults.error('/argspec/type', 'type', 'the arguments of a job are an object');
  }
  const properties = faults.mapping(schema, 'properties', '/argspec') ?? {};
  const required = new Set(faults.texts(schema, 'required', '/argspec'));
  const secrets = Object.keys(properties).filter((name) => isSecret(properties[name]));
  for (const name of secrets) refuseDefault(properties[name], pointerTo('/argspec/properties', name), faults);
  const inputs: JsonObject = {
    ...schema,
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, secrets.includes(name) ? refused(name, property) : loosened(property)]),
    ),
  };
  if (secrets.length > 0) inputs['required'] = [...required].filter((name) => !secrets.includes(name));
  return {
    inputs,
    secrets: secrets.map((name) => ({ name, required: required.has(name) })),
    list: argumentsOf(properties, required, secrets),
  };
}

interface ListedArgument {
  readonly name: string;
  readonly property: JsonObject;
  readonly required: boolean;
}

function fromList(all: readonly ListedArgument[]): JobArguments {
  const properties = Object.fromEntries(all.map(({ name, property }) => [name, property]));
  const secrets = all.filter(({ property }) => isSecret(property)).map(({ name, required }) => ({ name, required }));
  const secretNames = secrets.map(({ name }) => name);
  const required = all.filter((each) => each.required && !secretNames.includes(each.name)).map(({ name }) => name);
  const inputs: JsonObject = {
    type: 'object',
    properties: Object.fromEntries(
      all.map(({ name, property }) => [name, secretNames.includes(name) ? refused(name, property) : property]),
    ),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
  return { inputs, secrets, list: argumentsOf(properties, new Set(required), secretNames) };
}

/** Arguments as the original lists them: `{name, type, format, required, default, enum, items_type, …}`. */
function listed(argument: Json, path: string, faults: JobFaults): ListedArgument[] {
  if (!isJsonObject(argument) || typeof argument['name'] !== 'string' || argument['name'] === '') {
    faults.error(path, 'required', 'an argument has a name');
    return [];
  }
  const type = typeOf(argument['type'] ?? 'string');
  if (type === null) faults.error(`${path}/type`, 'enum', `unknown type ${JSON.stringify(argument['type'])}`);
  const secret = argument['secret'] === true || argument['format'] === 'secret';
  const choices = argument['enum'] ?? argument['choices'];
  const valueType = typeOf(argument['value_type']);
  const property: JsonObject = {
    type: type ?? 'string',
    ...(typeof argument['description'] === 'string' ? { description: argument['description'] } : {}),
    ...(argument['default'] === undefined || argument['default'] === null ? {} : { default: argument['default'] }),
    ...(Array.isArray(choices) && choices.length > 0 ? { enum: choices } : {}),
    ...(type === 'array' ? itemsOf(argument) : {}),
    ...(type === 'object' && valueType !== null ? { additionalProperties: { type: valueType } } : {}),
    ...(secret ? { format: 'secret' } : {}),
  };
  if (secret) refuseDefault(property, path, faults);
  return [{ name: argument['name'], property, required: argument['required'] === true }];
}

function itemsOf(argument: JsonObject): JsonObject {
  const type = typeOf(argument['items_type']);
  const choices = argument['items_enum'];
  const items: JsonObject = {
    ...(type === null ? {} : { type }),
    ...(Array.isArray(choices) && choices.length > 0 ? { enum: choices } : {}),
  };
  return Object.keys(items).length === 0 ? {} : { items };
}

function typeOf(value: Json | undefined): string | null {
  const name = typeof value === 'string' ? (TYPES[value] ?? value) : '';
  return ['string', 'integer', 'number', 'boolean', 'array', 'object'].includes(name) ? name : null;
}

function argumentsOf(properties: JsonObject, required: ReadonlySet<string>, secrets: readonly string[]): JobArgument[] {
  return Object.entries(properties)
    .filter(([name]) => !secrets.includes(name))
    .map(([name, property]) => ({
      name,
      kind: kindOf(property),
      present: required.has(name) || (isJsonObject(property) && property['default'] !== undefined),
    }));
}

function kindOf(property: Json): JobArgument['kind'] {
  const type = isJsonObject(property) ? property['type'] : undefined;
  if (type === 'array') return 'list';
  return type === 'object' ? 'map' : 'scalar';
}

function isSecret(property: Json | undefined): boolean {
  return isJsonObject(property) && property['format'] === 'secret';
}

function refuseDefault(property: Json | undefined, path: string, faults: JobFaults): void {
  if (isJsonObject(property) && property['default'] !== undefined) {
    faults.error(`${path}/default`, 'secret_default', 'a secret has no default: its value belongs into the environment of the server');
  }
}

/** Inputs are journaled, so that no secret may be one: it can only be the server's. */
function refused(name: string, property: Json | undefined): JsonObject {
  const about = isJsonObject(property) && typeof property['description'] === 'string' ? `${property['description']}. ` : '';
  return {
    not: {},
    readOnly: true,
    description: `${about}A secret that the server knows (HEDDLE_SECRET_${secretNameOf(name)}), not the caller.`,
  };
}

function loosened(property: Json): Json {
  if (!isJsonObject(property) || !LOOSE_FORMATS.has(String(property['format']))) return property;
  const { format: _, ...rest } = property;
  return rest;
}
