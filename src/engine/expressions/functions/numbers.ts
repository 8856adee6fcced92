import type { Environment } from '@marcbachmann/cel-js';
import { celError, toInteger, toNumber, type CelValue, type FunctionSpec } from './define.js';
import { compare } from './lists.js';

/** Functions over numbers. Those that round give an int. */
export const NUMBER_FUNCTIONS: readonly FunctionSpec[] = [
  {
    name: 'round',
    params: ['dyn'],
    returns: 'int',
    description: 'The nearest whole number, halves away from zero.',
    handler: (value: CelValue) => toInt(roundHalfAway(toNumber(value, 'round()'))),
    call: 'function',
  },
  {
    name: 'round',
    params: ['dyn', 'dyn'],
    returns: 'double',
    description: 'Rounded to that many decimals (0 to 15).',
    handler: roundTo,
    call: 'function',
  },
  {
    name: 'floor',
    params: ['dyn'],
    returns: 'int',
    description: 'The largest whole number not above.',
    handler: (value: CelValue) => toInt(Math.floor(toNumber(value, 'floor()'))),
    call: 'function',
  },
  {
    name: 'ceil',
    params: ['dyn'],
    returns: 'int',
    description: 'The smallest whole number not below.',
    handler: (value: CelValue) => toInt(Math.ceil(toNumber(value, 'ceil()'))),
    call: 'function',
  },
  { name: 'abs', params: ['dyn'], returns: 'dyn', description: 'Without its sign.', handler: abs, call: 'function' },
  {
    name: 'min',
    params: ['dyn', 'dyn'],
    returns: 'dyn',
    description: 'The smaller of two.',
    handler: (a: CelValue, b: CelValue) => (compare(a, b) <= 0 ? a : b),
    call: 'function',
  },
  {
    name: 'max',
    params: ['dyn', 'dyn'],
    returns: 'dyn',
    description: 'The larger of two.',
    handler: (a: CelValue, b: CelValue) => (compare(a, b) >= 0 ? a : b),
    call: 'function',
  },
];

function roundHalfAway(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}

function roundTo(value: CelValue, decimals: CelValue): number {
  const digits = toInteger(decimals, 'round() decimals');
  if (digits < 0 || digits > 15) throw celError('out_of_range', 'round() takes 0 to 15 decimals');
  const number = toNumber(value, 'round()');
  // Through the decimal notation: 1.005 * 100 is 100.49999999999999 in binary.
  const [mantissa = '0', exponent = '0'] = number.toExponential().split('e');
  const rounded = roundHalfAway(Number(`${mantissa}e${Number(exponent) + digits}`));
  return Math.abs(rounded) < 1e21 ? Number(`${rounded}e-${digits}`) : number;
}

function abs(value: CelValue): CelValue {
  if (typeof value === 'bigint') return value < 0n ? -value : value;
  return Math.abs(toNumber(value, 'abs()'));
}

function toInt(value: number): bigint {
  if (!Number.isSafeInteger(value)) throw celError('numeric_overflow', `${value} is no integer that JSON can hold`);
  return BigInt(value);
}

/** Numbers that come from JSON are doubles, literals are ints: every operator takes them together. */
export function registerMixedArithmetic(environment: Environment): void {
  const operations: Record<string, (a: number, b: number) => number> = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
    '%': (a, b) => {
      if (b === 0) throw celError('modulo_by_zero', 'modulo by zero');
      return a % b;
    },
  };
  for (const [operator, operation] of Object.entries(operations)) {
    environment.registerOperator(`int ${operator} double: double`, (a: bigint, b: number) => operation(Number(a), b));
    environment.registerOperator(`double ${operator} int: double`, (a: number, b: bigint) => operation(a, Number(b)));
  }
  environment.registerOperator('double % double: double', operations['%'] as (a: number, b: number) => number);
}
