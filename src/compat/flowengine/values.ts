import { isJsonObject, type Json, type JsonObject } from '../../engine/index.js';

/** A value as FlowEngine writes it, told apart by its type. */
export type TypedValue =
  | { readonly type: 'Null' }
  | { readonly type: 'Bool'; readonly value: boolean }
  | { readonly type: 'Number'; readonly value: number }
  | { readonly type: 'String'; readonly value: string }
  | { readonly type: 'Bytes'; readonly value: number[] }
  | { readonly type: 'Json'; readonly value: Json }
  | { readonly type: 'Array'; readonly value: Json[] }
  | { readonly type: 'Object'; readonly value: JsonObject };

type TypeName = TypedValue['type'];

const HOLDS: Readonly<Record<TypeName, (value: Json | undefined) => boolean>> = {
  Null: (value) => value === undefined || value === null,
  Bool: (value) => typeof value === 'boolean',
  Number: (value) => typeof value === 'number',
  String: (value) => typeof value === 'string',
  Bytes: (value) => Array.isArray(value) && value.every(isByte),
  Json: (value) => value !== undefined,
  Array: (value) => Array.isArray(value),
  Object: (value) => isJsonObject(value),
};

/** Whether it is exactly what a typed value is; anything else is a raw one. */
export function isTyped(value: Json): value is TypedValue & JsonObject {
  if (!isJsonObject(value)) return false;
  const { type, value: inner, ...rest } = value;
  return typeof type === 'string' && Object.hasOwn(HOLDS, type) && Object.keys(rest).length === 0 && HOLDS[type as TypeName](inner);
}

/** The plain JSON of a typed value; a raw one is plain already. Bytes, which JSON has none of, stay typed. */
export function plainOf(value: Json): Json {
  if (!isTyped(value)) return value;
  switch (value.type) {
    case 'Null':
      return null;
    case 'Bytes':
      return value;
    case 'Array':
      return value.value.map(plainOf);
    case 'Object':
      return plainMembers(value.value);
    default:
      return value.value;
  }
}

export function plainMembers(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plainOf(value)]));
}

/** Plain JSON as a typed value: lists and objects are `Json`. */
export function typedOf(value: Json): TypedValue {
  if (value === null) return { type: 'Null' };
  switch (typeof value) {
    case 'boolean':
      return { type: 'Bool', value };
    case 'number':
      return { type: 'Number', value };
    case 'string':
      return { type: 'String', value };
    default:
      return isBytes(value) ? value : { type: 'Json', value };
  }
}

/** Members typed, those that are typed already as they are. */
export function typedMembers(values: JsonObject): Record<string, TypedValue> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, isTyped(value) ? value : typedOf(value)]));
}

export function isBytes(value: Json): value is Extract<TypedValue, { type: 'Bytes' }> & JsonObject {
  return isTyped(value) && value.type === 'Bytes';
}

/** What errors call the type of a plain value. */
export function typeName(value: Json): TypeName {
  return typedOf(value).type;
}

function isByte(value: Json): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;
}
