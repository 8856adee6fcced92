import { isJsonObject, type Json, type JsonObject } from '../model/json.js';
import type { KnownType } from '../expressions/index.js';

const KNOWN: Readonly<Record<string, KnownType>> = { string: 'string', number: 'double', integer: 'double', boolean: 'bool' };

/** The schema of a member, following `properties` only; undefined where the schema does not say. */
export function memberSchema(schema: Json | undefined, path: readonly string[]): Json | undefined {
  let current = schema;
  for (const name of path) {
    if (!isJsonObject(current) || !isJsonObject(current.properties) || !Object.hasOwn(current.properties, name)) return undefined;
    current = current.properties[name];
  }
  return current;
}

/** The one scalar type a schema allows, if it does. */
export function scalarType(schema: Json | undefined): KnownType | undefined {
  return isJsonObject(schema) && typeof schema.type === 'string' ? KNOWN[schema.type] : undefined;
}

/** What a schema says of a member it does not name: `open` allows it, `closed` refuses it, `unknown` says nothing about members. */
export function stanceOnOthers(schema: JsonObject): 'open' | 'closed' | 'unknown' {
  if (!isJsonObject(schema.properties)) return 'unknown';
  const composed = ['allOf', 'anyOf', 'oneOf', '$ref', '$dynamicRef', 'if', 'patternProperties', 'dependentSchemas'].some(
    (keyword) => keyword in schema,
  );
  if (composed) return 'unknown';
  const others = schema.additionalProperties ?? schema.unevaluatedProperties;
  if (others === false) return 'closed';
  return others === undefined ? 'open' : 'unknown';
}

export function propertyNames(schema: JsonObject): string[] {
  return isJsonObject(schema.properties) ? Object.keys(schema.properties) : [];
}
