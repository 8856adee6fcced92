import { meter } from '../meter.js';
import { type CelValue, type FunctionSpec, readMember as read } from './define.js';

type CelMap = Record<string, CelValue> | Map<string, CelValue>;

/** Functions over objects. */
export const MAP_FUNCTIONS: readonly FunctionSpec[] = [
  {
    name: 'keys',
    params: ['map'],
    returns: 'list<string>',
    description: 'The names of an object’s members, in their order.',
    handler: (map: CelMap) => entries(map).map(([key]) => key),
  },
  {
    name: 'values',
    params: ['map'],
    returns: 'list<dyn>',
    description: 'The values of an object’s members, in their order.',
    handler: (map: CelMap) => entries(map).map(([, value]) => value),
  },
  {
    name: 'entries',
    params: ['map'],
    returns: 'list<dyn>',
    description: 'An object as a list of {key, value}.',
    handler: (map: CelMap) => entries(map).map(([key, value]) => ({ key, value })),
  },
  {
    name: 'from_entries',
    params: ['list'],
    returns: 'map<string, dyn>',
    description: 'The object of a list of {key, value}; the last of equal keys wins.',
    handler: fromEntries,
  },
  {
    name: 'merge',
    params: ['map', 'map'],
    returns: 'map<string, dyn>',
    description: 'Both objects’ members; the second’s win. Nested objects are not merged.',
    handler: merge,
  },
];

function entries(map: CelMap): [string, CelValue][] {
  const list = map instanceof Map ? [...map] : Object.entries(map);
  meter.spend(list.length);
  return list;
}

function merge(first: CelMap, second: CelMap): Map<string, CelValue> {
  return new Map([...entries(first), ...entries(second)]);
}

function fromEntries(list: CelValue[]): Map<string, CelValue> {
  const result = new Map<string, CelValue>();
  for (const element of list) {
    result.set(String(read(element, 'key')), read(element, 'value'));
  }
  return result;
}
