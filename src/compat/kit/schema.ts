import type { ApiResponseSchemaHost } from '@nestjs/swagger';

export type Schema = Exclude<ApiResponseSchemaHost['schema'], { $ref: string }>;

/** The schema of an object with these members, all there but the `optional` ones. */
export function objectOf(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties: { ...properties }, required };
}
