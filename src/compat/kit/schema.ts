import type { ApiResponseSchemaHost } from '@nestjs/swagger';

export type Schema = Exclude<ApiResponseSchemaHost['schema'], { $ref: string }>;

export const STRING: Schema = { type: 'string' };
export const COUNT: Schema = { type: 'integer' };
export const ANY_OBJECT: Schema = { type: 'object', additionalProperties: true };

export function listOf(items: Schema): Schema {
  return { type: 'array', items };
}

export function orNull(schema: Schema): Schema {
  return { oneOf: [schema, { type: 'null' }] };
}

/** The schema of an object with these members, all there but the `optional` ones. */
export function objectOf(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties: { ...properties }, required };
}
