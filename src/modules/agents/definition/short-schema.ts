import { isJsonObject, type JsonObject } from '../../../engine/index.js';

/** A JSON Schema of an object; `{name: {type, description}}` for short is written out, with all its members required. */
export function objectSchema(schema: JsonObject): JsonObject {
  if (isSchema(schema)) return schema;
  const properties = Object.fromEntries(
    Object.entries(schema).map(([name, member]) => {
      const { required: _, ...rest } = member as JsonObject;
      return [name, rest];
    }),
  );
  const required = Object.entries(schema).flatMap(([name, member]) => ((member as JsonObject)['required'] === false ? [] : [name]));
  return { type: 'object', properties, required };
}

function isSchema(schema: JsonObject): boolean {
  if (typeof schema['type'] === 'string' || Array.isArray(schema['type'])) return true;
  if (['properties', '$ref', 'anyOf', 'oneOf', 'allOf', 'enum', 'const'].some((keyword) => keyword in schema)) return true;
  return !Object.values(schema).every(isJsonObject);
}
