import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../engine/model/json.js';
import { translateMeshflow } from './translate-meshflow.js';

function definitionOf(document: JsonObject): JsonObject {
  const translated = translateMeshflow(document, 'team/file');
  if ('errors' in translated) throw new Error(JSON.stringify(translated.errors));
  return translated.definition;
}
const nodesOf = (document: JsonObject): JsonObject[] => definitionOf(document)['nodes'] as JsonObject[];
const shapes = (document: JsonObject): string[] =>
  nodesOf(document).map(({ id, type, needs, join, when }) => [id, type, needs ?? '-', join ?? '-', when ?? '-'].map(String).join(' '));

describe('edges become needs', () => {
  it.each([
    ['one', [['a -> b'], ['a agent.run - - -', 'b agent.run a - -']]],
    ['one with a condition', [[{ from: 'a', to: 'b', condition: 'True' }], ['a agent.run - - -', 'b agent.run a - {{ true }}']]],
    [
      'several, of which one has to fire',
      [
        ['a -> c', { from: 'b', to: 'c', condition: 'task == "x"' }],
        [
          'a agent.run - - -',
          'b agent.run - - -',
          'c agent.run a,b all_done {{ (nodes.a.status == "success") || (nodes.b.status == "success" && (inputs.task == "x")) }}',
        ],
      ],
    ],
  ] as const)('%s', (_what, [edges, expected]) => {
    const ids = [...new Set(expected.map((line) => line.split(' ')[0] ?? ''))];
    expect(shapes({ nodes: Object.fromEntries(ids.map((id) => [id, {}])), edges: [...edges] as never })).toEqual(expected);
  });

  it('a node that nothing leads to, and the run does not begin with, never runs', () => {
    expect(shapes({ nodes: { a: {}, b: {} }, entry: 'a' })).toEqual(['a agent.run - - -', 'b agent.run - - false']);
  });
});

describe('people are asked before a risk', () => {
  const gated = (policy: JsonObject, risk: string): boolean => shapes({ policy, nodes: { a: { risk } } }).length === 2;

  it.each([
    [{}, 'external_io', false],
    [{}, 'irreversible', true],
    [{ mode: 'standard' }, 'irreversible', false],
    [{ mode: 'regulated' }, 'irreversible', true],
    [{ mode: 'legal-critical' }, 'external_io', true],
    [{ mode: 'legal-critical', human_approval_tier: 'none' }, 'irreversible', false],
    [{ human_approval_tier: 'read_only' }, 'read_only', true],
  ])('with %j, %s: %s', (policy, risk, expected) => {
    expect(gated(policy, risk)).toBe(expected);
  });

  it('the question takes the place of the node, which waits for the answer', () => {
    expect(shapes({ nodes: { a: {}, b: { risk: 'irreversible' }, b_approval: {} }, edges: ['a -> b -> b_approval'] })).toEqual([
      'a agent.run - - -',
      'b_approval_2 control.approval a - -',
      'b agent.run b_approval_2 - -',
      'b_approval agent.run b - -',
    ]);
  });
});

it('a workflow is called as its author has, in a name that can be one, or as its file', () => {
  const named = (name?: string): unknown => definitionOf({ ...(name === undefined ? {} : { name }), nodes: { a: {} } })['name'];
  expect([named('ops/Daily Report!'), named('  '), named()]).toEqual(['ops/Daily-Report', 'team/file', 'team/file']);
});

it('an agent has its role, its model and what is left of the budget', () => {
  const [, second] = nodesOf({ nodes: { a: {}, 'b-2': { role: 'critic', model: 'claude-sonnet-4-5' } }, edges: ['a -> b-2'] });
  expect(second).toMatchObject({
    config: {
      agent: {
        name: 'b-2',
        instructions: expect.stringContaining('critic') as string,
        model: { primary: { provider: 'anthropic', model: 'claude-sonnet-4-5' } },
        budget: {
          run: { tokens: expect.stringContaining('nodes.a.output.usage.total_tokens') as string },
        },
      },
    },
  });
});

it.each([
  [{ nodes: {} }, '/nodes'],
  [{ nodes: { a: { kind: 'crewai' } } }, '/nodes/a/kind'],
  [{ nodes: { 'a b': {} } }, '/nodes/a b'],
  [{ nodes: { a: {} }, edges: 'a -> b' }, '/edges'],
  [{ nodes: { a: {} }, edges: [{ from: 'a' }] }, '/edges/0'],
  [{ nodes: { a: {} }, entry: 'b' }, '/entry'],
  [{ nodes: { a: {} }, terminal: ['b'] }, '/terminal'],
  [{ nodes: { a: {} }, policy: { budget_usd: -1 } }, '/policy/budget_usd'],
  [{ nodes: { a: {} }, policy: { human_approval_tier: 'all' } }, '/policy/human_approval_tier'],
] as [JsonObject, string][])('%j has a fault at %s', (document, path) => {
  const translated = translateMeshflow(document, 'x');
  expect('errors' in translated && translated.errors.map((fault) => fault.path)).toEqual([path]);
});
