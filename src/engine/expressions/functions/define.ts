import { EvaluationError, type Environment } from '@marcbachmann/cel-js';

/** What CEL hands to a function: JSON, but also `bigint` for int, Date, Duration, Uint8Array, Map. */
export type CelValue = unknown;

type Handler = (...args: never[]) => CelValue;

/** A function of the expression language, for the registry and for the documentation. */
export interface FunctionSpec {
  readonly name: string;
  /** CEL types of the parameters, the receiver first. */
  readonly params: readonly string[];
  readonly returns: string;
  /** One sentence for the reference. */
  readonly description: string;
  readonly handler: Handler;
  /** `both` (the default for functions of one value first): `f(x, y)` and `x.f(y)`. */
  readonly call?: 'both' | 'function' | 'method';
}

/** Registers functions, each as `f(x, y)`, as `x.f(y)`, or as both. */
export function registerAll(environment: Environment, specs: readonly FunctionSpec[]): void {
  for (const { name, params, returns, handler, description, call = 'both' } of specs) {
    const options = { handler, description, async: false };
    if (call !== 'method') environment.registerFunction(`${name}(${params.join(', ')}): ${returns}`, options);
    if (call !== 'function') {
      const [receiver, ...rest] = params;
      environment.registerFunction(`${receiver}.${name}(${rest.join(', ')}): ${returns}`, options);
    }
  }
}

/** An error of the expression's own doing, shown to its author. */
export function celError(code: string, message: string): EvaluationError {
  return new EvaluationError({ code, message });
}

/** A number from a CEL int or double. */
export function toNumber(value: CelValue, what: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  throw celError('not_a_number', `${what} must be a number`);
}

/** A whole number from a CEL int or double, for positions and counts. */
export function toInteger(value: CelValue, what: string): number {
  const number = toNumber(value, what);
  if (!Number.isInteger(number)) throw celError('not_an_integer', `${what} must be a whole number, got ${number}`);
  return number;
}

/** A member of an object, whichever way CEL holds it; null when there is none. */
export function readMember(value: CelValue, name: string): CelValue {
  if (value instanceof Map) return (value as Map<string, CelValue>).get(name) ?? null;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
  return (value as Record<string, CelValue>)[name];
}
