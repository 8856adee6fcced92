import { meter } from '../meter.js';
import { celError, type CelValue, type FunctionSpec, readMember, toInteger, toNumber } from './define.js';

const MAX_RANGE = 100_000;

/** Functions over lists. Each pays for the elements it visits. */
export const LIST_FUNCTIONS: readonly FunctionSpec[] = [
  {
    name: 'flatten',
    params: ['list'],
    returns: 'list<dyn>',
    description: 'A list of lists as one list; elements that are no list stay.',
    handler: flatten,
  },
  {
    name: 'unique',
    params: ['list'],
    returns: 'list<dyn>',
    description: 'The list without elements equal to an earlier one.',
    handler: unique,
  },
  { name: 'reverse', params: ['list'], returns: 'list<dyn>', description: 'The list from its end to its beginning.', handler: reverse },
  {
    name: 'slice',
    params: ['list', 'dyn', 'dyn'],
    returns: 'list<dyn>',
    description: 'Elements from a position up to, without, another; negative counts from the end.',
    handler: slice,
  },
  { name: 'sum', params: ['list'], returns: 'dyn', description: 'The sum of a list of numbers, 0 for an empty one.', handler: sum },
  {
    name: 'min',
    params: ['list'],
    returns: 'dyn',
    description: 'The smallest of a list of numbers, strings or timestamps.',
    handler: (list: CelValue[]) => extreme(list, -1),
  },
  {
    name: 'max',
    params: ['list'],
    returns: 'dyn',
    description: 'The largest of a list of numbers, strings or timestamps.',
    handler: (list: CelValue[]) => extreme(list, 1),
  },
  {
    name: 'sort',
    params: ['list'],
    returns: 'list<dyn>',
    description: 'The list in ascending order.',
    handler: (list: CelValue[]) => sortBy(list, (element) => element),
  },
  {
    name: 'sort_by',
    params: ['list', 'string'],
    returns: 'list<dyn>',
    description: 'A list of objects in ascending order of a field.',
    handler: (list: CelValue[], field: string) => sortBy(list, fieldOf(field)),
  },
  {
    name: 'group_by',
    params: ['list', 'string'],
    returns: 'map<string, dyn>',
    description: 'Objects by the value of a field: {value: [objects]}; a missing field counts as "null".',
    handler: groupBy,
  },
  {
    name: 'count_by',
    params: ['list', 'string'],
    returns: 'map<string, dyn>',
    description: 'How many objects have each value of a field: {value: count}.',
    handler: (list: CelValue[], field: string) => count(list, fieldOf(field)),
  },
  {
    name: 'count_by',
    params: ['list'],
    returns: 'map<string, dyn>',
    description: 'How often each element occurs: {element: count}.',
    handler: (list: CelValue[]) => count(list, (element) => element),
  },
  {
    name: 'range',
    params: ['dyn'],
    returns: 'list<int>',
    description: `The integers from 0 up to, without, the argument (at most ${MAX_RANGE}).`,
    handler: range,
    call: 'function',
  },
];

function flatten(list: CelValue[]): CelValue[] {
  const result: CelValue[] = [];
  for (const element of list) {
    if (Array.isArray(element)) {
      meter.spend(element.length);
      for (const inner of element) result.push(inner);
    } else {
      result.push(element);
    }
  }
  return result;
}

function unique(list: CelValue[]): CelValue[] {
  const seen = new Map<string, CelValue>();
  for (const element of list) {
    const key = equalityKey(element);
    if (!seen.has(key)) seen.set(key, element);
  }
  return [...seen.values()];
}

function reverse(list: CelValue[]): CelValue[] {
  return list.toReversed();
}

function slice(list: CelValue[], from: CelValue, to: CelValue): CelValue[] {
  return list.slice(toInteger(from, 'slice() start'), toInteger(to, 'slice() end'));
}

function sum(list: CelValue[]): CelValue {
  let integers = 0n;
  let doubles = 0;
  let exact = true;
  for (const element of list) {
    if (typeof element === 'bigint') {
      integers += element;
    } else {
      doubles += toNumber(element, 'every element of sum()');
      exact = false;
    }
  }
  return exact ? integers : doubles + Number(integers);
}

function extreme(list: CelValue[], sign: 1 | -1): CelValue {
  if (list.length === 0) throw celError('empty_list', `${sign > 0 ? 'max' : 'min'}() of an empty list`);
  let best = list[0];
  for (const element of list) if (compare(element, best) * sign > 0) best = element;
  return best;
}

function sortBy(list: CelValue[], keyOf: (element: CelValue) => CelValue): CelValue[] {
  meter.spend(Math.ceil(list.length * Math.log2(list.length + 1)));
  return list
    .map((element) => ({ element, key: keyOf(element) }))
    .sort((a, b) => compare(a.key, b.key))
    .map(({ element }) => element);
}

function groupBy(list: CelValue[], field: string): Map<string, CelValue[]> {
  const groups = new Map<string, CelValue[]>();
  const keyOf = fieldOf(field);
  for (const element of list) {
    const key = groupKey(keyOf(element));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [element]);
    else group.push(element);
  }
  return groups;
}

function count(list: CelValue[], keyOf: (element: CelValue) => CelValue): Map<string, number> {
  const counts = new Map<string, number>();
  for (const element of list) {
    const key = groupKey(keyOf(element));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function range(end: CelValue): bigint[] {
  const length = toInteger(end, 'range()');
  if (length < 0 || length > MAX_RANGE) throw celError('out_of_range', `range() takes 0 to ${MAX_RANGE}, got ${length}`);
  meter.spend(length);
  return Array.from({ length }, (_, index) => BigInt(index));
}

function fieldOf(field: string): (element: CelValue) => CelValue {
  return (element) => readMember(element, field);
}

function groupKey(value: CelValue): string {
  return typeof value === 'object' && value !== null ? equalityKey(value) : String(value);
}

/** Orders numbers (int and double together), strings, booleans and timestamps among their own kind. */
export function compare(a: CelValue, b: CelValue): number {
  const [left, right] = [comparable(a), comparable(b)];
  const sameKind = typeof left === typeof right || (isNumeric(left) && isNumeric(right));
  if (!sameKind) throw celError('not_comparable', `cannot order ${kindOf(a)} and ${kindOf(b)}`);
  return left < right ? -1 : left > right ? 1 : 0;
}

function comparable(value: CelValue): string | number | bigint | boolean {
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return value;
  throw celError('not_comparable', `cannot order ${kindOf(value)}`);
}

function isNumeric(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint';
}

function kindOf(value: CelValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Equal for values that `==` calls equal: 1 and 1.0, objects in any order of keys. */
function equalityKey(value: CelValue): string {
  meter.spend(1);
  if (Array.isArray(value)) return `[${value.map(equalityKey).join(',')}]`;
  if (value instanceof Map) return equalityKey(Object.fromEntries(value));
  if (value instanceof Date) return `t${value.getTime()}`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${equalityKey(member)}`).join(',')}}`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
