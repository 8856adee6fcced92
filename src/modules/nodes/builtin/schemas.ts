import type { JsonObject } from '../../../engine/model/json.js';

/** Input schema of node types that take everything from their config. */
export const NO_INPUTS: JsonObject = { type: 'object', additionalProperties: false };

/** Any JSON value. */
export const ANY: JsonObject = {};

/** A closed object schema. */
export function objectOf(properties: JsonObject, required: readonly string[] = []): JsonObject {
  return { type: 'object', required: [...required], properties, additionalProperties: false };
}
