/** The OpenAPI schema of a value that may be any JSON. Null is said by `nullable`. */
export const ANY_JSON = {
  oneOf: [
    { type: 'object' as const, additionalProperties: true },
    { type: 'array' as const, items: {} },
    { type: 'string' as const },
    { type: 'number' as const },
    { type: 'boolean' as const },
  ],
};
