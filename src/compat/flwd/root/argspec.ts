import { isJsonObject, type Json, type JsonObject } from '../../../engine/index.js';

/** What resolved arguments show instead of a secret. */
const HIDDEN = '[secret]';

/** The schema of a job's arguments as flwd lists them; none for arguments that nobody has named. */
export function argsOf(schema: JsonObject): JsonObject[] {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return propertiesOf(schema).map(([name, property]) => argOf(name, property, required.includes(name)));
}

/** Whether a job takes any arguments at all. */
export function takesArguments(schema: JsonObject): boolean {
  return schema['additionalProperties'] !== false || propertiesOf(schema).length > 0;
}

/** Arguments as they will be, with the secrets that the server adds. */
export function resolvedArgs(schema: JsonObject, args: JsonObject): JsonObject {
  const secrets = propertiesOf(schema).flatMap(([name, property]) => (isSecret(property) ? [[name, HIDDEN] as const] : []));
  return { ...args, ...Object.fromEntries(secrets) };
}

function argOf(name: string, property: JsonObject, required: boolean): JsonObject {
  const { type, format, default: value, description, enum: choices, items, additionalProperties } = property;
  return {
    name,
    type: typeof type === 'string' ? type : 'string',
    ...(typeof format === 'string' ? { format } : {}),
    ...(isSecret(property) ? { secret: true } : {}),
    ...(required ? { required } : {}),
    ...(value === undefined ? {} : { default: value }),
    ...(typeof description === 'string' ? { description } : {}),
    ...(Array.isArray(choices) ? { enum: choices } : {}),
    ...(isJsonObject(items) ? membersOf('items_type', items['type']) : {}),
    ...(isJsonObject(items) ? membersOf('items_enum', items['enum']) : {}),
    ...(isJsonObject(additionalProperties) ? membersOf('value_type', additionalProperties['type']) : {}),
  };
}

function membersOf(name: string, value: Json | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}

/** Secrets are the server's: nothing that a caller sends is valid. */
function isSecret({ not, readOnly }: JsonObject): boolean {
  return readOnly === true && isJsonObject(not) && Object.keys(not).length === 0;
}

function propertiesOf({ properties }: JsonObject): [string, JsonObject][] {
  return isJsonObject(properties)
    ? Object.entries(properties).map(([name, property]) => [name, isJsonObject(property) ? property : {}])
    : [];
}
