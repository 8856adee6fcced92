import { EvaluationError, Optional } from '@marcbachmann/cel-js';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import type { Json } from '../model/json.js';
import { meter } from './meter.js';

const MAX_DEPTH = 200;
/** Sizes of values that come from the scope and are passed on unchanged, again and again. */
const sizes = new WeakMap<object, number>();

/**
 * Turns a CEL result into JSON: integers become numbers, timestamps RFC 3339, durations `"3.5s"`, bytes base64, optionals
 * their value or null. Parts that are JSON already are shared, not copied. Throws on what JSON cannot hold.
 */
export function toJson(value: unknown, depth = 0): Json {
  switch (typeof value) {
    case 'string':
      meter.addOutput(value.length + 2);
      return value;
    case 'number':
      return fromNumber(value);
    case 'bigint':
      return fromBigInt(value);
    case 'boolean':
      meter.addOutput(5);
      return value;
    case 'object':
      break;
    default:
      throw notJson(`a ${typeof value}`);
  }
  if (value === null) {
    meter.addOutput(4);
    return null;
  }
  if (depth > MAX_DEPTH) throw notJson(`nested deeper than ${MAX_DEPTH}`);
  meter.spend(4);
  if (Array.isArray(value)) return fromArray(value, depth);
  if (value.constructor === undefined || value.constructor === Object || Object.hasOwn(value, 'constructor')) {
    return fromObject(value as Record<string, unknown>, depth);
  }
  return toJson(fromInstance(value), depth + 1);
}

/** Counts a value that is known to be JSON against the size of the result. */
export function countOutput(value: Json): void {
  if (typeof value !== 'object' || value === null) {
    meter.addOutput(typeof value === 'string' ? value.length + 2 : 5);
    return;
  }
  meter.addOutput(jsonSize(value, 0));
}

function jsonSize(value: Json, depth: number): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 5;
  const known = sizes.get(value);
  if (known !== undefined) return known;
  if (depth > MAX_DEPTH) throw notJson(`nested deeper than ${MAX_DEPTH}`);
  let size = 2;
  if (Array.isArray(value)) for (const element of value) size += jsonSize(element, depth + 1) + 1;
  else for (const key of Object.keys(value)) size += key.length + 4 + jsonSize(value[key] as Json, depth + 1);
  sizes.set(value, size);
  return size;
}

function fromNumber(value: number): number {
  if (!Number.isFinite(value)) throw notJson(String(value));
  meter.addOutput(5);
  return value === 0 ? 0 : value;
}

function fromBigInt(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw notJson(`the integer ${value}, which no JSON number holds exactly; use string()`);
  meter.addOutput(5);
  return number;
}

function fromArray(source: readonly unknown[], depth: number): Json {
  let copy: Json[] | undefined;
  meter.addOutput(2 + source.length);
  for (let i = 0; i < source.length; i++) {
    const converted = toJson(source[i], depth + 1);
    if (copy !== undefined) copy.push(converted);
    else if (converted !== source[i]) copy = [...(source.slice(0, i) as Json[]), converted];
  }
  return copy ?? (source as Json[]);
}

function fromObject(source: Record<string, unknown>, depth: number): Json {
  const keys = Object.keys(source);
  let copy: [string, Json][] | undefined;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    meter.addOutput(key.length + 4);
    const converted = toJson(source[key], depth + 1);
    if (copy !== undefined) copy.push([key, converted]);
    else if (converted !== source[key])
      copy = [...keys.slice(0, i).map((earlier): [string, Json] => [earlier, source[earlier] as Json]), [key, converted]];
  }
  return copy === undefined ? (source as { [key: string]: Json }) : Object.fromEntries(copy);
}

/** What an instance of a CEL type stands for in JSON, or in plainer CEL. */
function fromInstance(value: object): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, member]) => [String(key), member]));
  if (value instanceof Set) return [...value];
  if (value instanceof Optional) return value.orValue(null);
  if (value instanceof Date) return timestampText(value);
  if (value instanceof Duration) return value.toString();
  if (value instanceof UnsignedInt) return value.valueOf();
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  throw notJson(`a ${value.constructor.name}`);
}

/** RFC 3339, UTC, milliseconds only when there are any. */
export function timestampText(value: Date): string {
  if (Number.isNaN(value.getTime())) throw notJson('an invalid timestamp');
  return value.toISOString().replace('.000Z', 'Z');
}

function notJson(what: string): EvaluationError {
  return new EvaluationError({ code: 'not_json', message: `the result is not JSON: ${what}` });
}
