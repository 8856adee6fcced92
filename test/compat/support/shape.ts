import { expect } from 'vitest';

/** Fails unless the answer has everything that a documented example has, of the same kinds. Entries of lists are like the example's first. */
export function expectShape(actual: unknown, example: unknown): void {
  expect(faultsOf(actual, example, '')).toEqual([]);
}

function faultsOf(actual: unknown, example: unknown, path: string): string[] {
  if (kindOf(actual) !== kindOf(example)) return [`${path === '' ? 'the answer' : path} is ${kindOf(actual)}, not ${kindOf(example)}`];
  if (Array.isArray(actual) && Array.isArray(example)) {
    if (example.length === 0) return [];
    if (actual.length === 0) return [`${path} is empty`];
    return actual.flatMap((item, index) => faultsOf(item, example[0], `${path}/${index}`));
  }
  if (!isObject(actual) || !isObject(example)) return [];
  return Object.entries(example).flatMap(([key, value]) =>
    key in actual ? faultsOf(actual[key], value, `${path}/${key}`) : [`${path}/${key} is missing`],
  );
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return kindOf(value) === 'object';
}
