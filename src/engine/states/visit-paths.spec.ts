import { describe, expect, it } from 'vitest';
import type { StatesDefinition } from '../model/states-definition.js';
import { isWithin, visitsOf } from './visit-paths.js';

const states: StatesDefinition['states'] = {
  each: { type: 'for_each', items: [], body: ['fetch', 'both', 'each.inner'], on_complete: 'done' },
  'each.inner': { type: 'while', while: '{{ true }}', body: ['fetch'] },
  both: { type: 'parallel', branches: ['fetch', 'ask'] },
  fetch: { type: 'step', node: 'http.request' },
  ask: { type: 'step', node: 'control.approval' },
  done: { type: 'terminal' },
};

describe('visitsOf', () => {
  it.each<[string, string[]]>([
    ['fetch', ['fetch']],
    ['fetch~2', ['fetch~2']],
    ['each', ['each']],
    ['each[3]/fetch~2', ['each', 'each[3]/fetch~2']],
    ['each~2[3]/both/ask', ['each~2', 'each~2[3]/both', 'each~2[3]/both/ask']],
    ['each[0]/each.inner[12]/fetch', ['each', 'each[0]/each.inner', 'each[0]/each.inner[12]/fetch']],
    ['both/ask#2/turn-1', ['both', 'both/ask']],
    ['ask/fetch', ['ask']],
    ['fetch/$pre[0]', ['fetch']],
    ['each/$limit', ['each']],
    ['each[1]/$break_when', ['each']],
    ['both/each', ['both']],
    ['$workflow_start[0]', []],
    ['nothing', []],
  ])('%s', (path, visits) => {
    expect(visitsOf(path, states).map((visit) => visit.path)).toEqual(visits);
  });

  it('names the state of each', () => {
    expect(visitsOf('each~2[3]/fetch~4', states).map((visit) => visit.state)).toEqual(['each', 'fetch']);
  });
});

it.each([
  ['each', 'each', true],
  ['each[1]/fetch', 'each', true],
  ['each/$limit', 'each', true],
  ['ask#2/turn', 'ask', true],
  ['each~2', 'each', false],
  ['each-more', 'each', false],
])('%s is within %s: %s', (path, visit, within) => {
  expect(isWithin(path, visit)).toBe(within);
});
