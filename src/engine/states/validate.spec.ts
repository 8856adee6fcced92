import { describe, expect, it } from 'vitest';
import { toDot, toMermaid } from '../graph/index.js';
import type { JsonObject } from '../model/json.js';
import type { StatesDefinition } from '../model/states-definition.js';
import { EngineHarness } from '../testing/engine-harness.js';
import { createStatesInputsPreparer, inputsSchema, validateStates, viewStates } from './index.js';

const nodeTypes = new EngineHarness().nodeTypes();
const done: JsonObject = { type: 'terminal' };
const set = (more: JsonObject = {}): JsonObject => ({ type: 'step', node: 'transform.set', on_success: 'done', ...more });
const validate = (states: JsonObject, more: JsonObject = {}) =>
  validateStates({ name: 'a/b', kind: 'states', initial: 'a', states, ...more }, nodeTypes);
const faults = (states: JsonObject, more: JsonObject = {}): string[] =>
  validate(states, more).errors.map(({ path, code }) => `${path} ${code}`);
const warnings = (states: JsonObject): string[] => validate(states).warnings.map(({ path, code }) => `${path} ${code}`);

describe('validation of state machines', () => {
  it('accepts a good one and tells how far each state is from the first', () => {
    const result = validate({ a: set({ on_success: 'b' }), b: set({ transitions: [{ goto: 'a' }] }), done });
    expect(result).toEqual({ valid: true, errors: [], warnings: [], levels: [['a'], ['b'], ['done']] });
  });

  it.each<[string, JsonObject, JsonObject, string[]]>([
    ['an unknown initial state', { b: set(), done }, {}, ['/initial dangling_reference']],
    [
      'targets that do not exist',
      { a: set({ on_success: 'x', on_failure: 'y', transitions: [{ goto: 'z' }] }), done },
      {},
      [
        '/states/a/transitions/0/goto dangling_reference',
        '/states/a/on_success dangling_reference',
        '/states/a/on_failure dangling_reference',
      ],
    ],
    [
      'members that do not exist, or twice',
      { a: { type: 'for_each', items: [], body: ['b', 'b', 'c'], on_complete: 'done' }, b: set(), done },
      {},
      ['/states/a/body/2 dangling_reference', '/states/a/body/1 duplicate_member'],
    ],
    ['no end', { a: set({ on_success: 'a' }) }, {}, ['/states no_terminal']],
    ['a way that leads nowhere', { a: { type: 'step', node: 'transform.set' }, done }, {}, ['/states/a leads_nowhere']],
    [
      'a terminal inside',
      { a: { type: 'parallel', branches: ['done'], on_success: 'done' }, done },
      {},
      ['/states/a/branches/0 terminal_inside'],
    ],
    [
      'a loop in itself',
      { a: { type: 'for_each', items: [1], body: ['b'], on_complete: 'done' }, b: { type: 'for_each', items: [1], body: ['a'] }, done },
      {},
      ['/states/a nested_in_itself'],
    ],
    ['an unknown type of state', { a: { type: 'foreach' }, done }, {}, ['/states/a/type unknown_state_type']],
    ['no type', { a: {}, done }, {}, ['/states/a/type required']],
    ['fields a type does not have', { a: set({ body: [] }), done }, {}, ['/states/a/body unknown_field']],
    ['an unknown node type', { a: set({ node: 'transform.sett' }), done }, {}, ['/states/a/node unknown_node_type']],
    [
      'limits',
      { a: { type: 'while', while: '{{ true }}', body: ['b'], max_iterations: 10_001, on_complete: 'done' }, b: set(), done },
      {},
      ['/states/a/max_iterations maximum'],
    ],
    [
      'bad expressions',
      {
        a: set({ config: { x: '{{ states.b.otput }}', y: '{{ states.zz.output }}', z: '{{ loop.item }}', w: '{{ 1 + }}' } }),
        b: set(),
        done,
      },
      {},
      [
        '/states/a/config/x unknown_field',
        '/states/a/config/y dangling_reference',
        '/states/a/config/z unknown_variable',
        '/states/a/config/w syntax',
      ],
    ],
    [
      'conditions that are none',
      {
        a: set({
          transitions: [
            { when: 'yes', goto: 'done' },
            { when: '{{ "x" }}', goto: 'done' },
          ],
        }),
        done,
      },
      {},
      ['/states/a/transitions/0/when not_a_condition', '/states/a/transitions/1/when not_a_condition'],
    ],
    [
      'secrets where they would be seen',
      { a: { type: 'command', command: 'x {{ secrets.T }}', env: { T: '{{ secrets.T }}' }, on_success: 'done' }, done },
      {},
      ['/states/a/command secret_not_allowed'],
    ],
    ['an environment nobody declared', { a: set({ config: { x: '{{ env.HOME }}' } }), done }, {}, ['/states/a/config/x undeclared_env']],
    [
      'hooks that are none',
      { a: set({ hooks: { pre: [{ run: 'x' }] } }), done },
      { hooks: { workflow_start: [{ log: '{{ nope }}' }] } },
      ['/states/a/hooks/pre/0/run unknown_field', '/hooks/workflow_start/0/log unknown_variable'],
    ],
    [
      'input rules',
      { a: set(), done },
      { inputs: [{ name: 'x' }, { name: 'x', validation: { pattern: '(' } }] },
      ['/inputs/1/name duplicate_input', '/inputs/1/validation/pattern bad_pattern'],
    ],
    ['a command that is two', { a: { type: 'command', command: 'x', script: 'y', on_success: 'done' }, done }, {}, ['/states/a one_of']],
  ])('finds %s', (_, states, more, expected) => {
    expect(faults(states, more)).toEqual(expected);
  });

  it('warns of what nothing leads to, and of what may lead nowhere', () => {
    expect(
      warnings({
        a: { type: 'step', node: 'transform.set', transitions: [{ when: '{{ true }}', goto: 'done' }] },
        b: set(),
        done,
      }),
    ).toEqual(['/states/b unreachable', '/states/a may_lead_nowhere']);
  });

  it('is quick about states that hold each other many times over', () => {
    const states: JsonObject = { done };
    for (let level = 0; level < 14; level += 1) {
      for (let index = 0; index < 20; index += 1) {
        const body = Array.from({ length: 20 }, (_, inner) => `s${level + 1}-${inner}`);
        states[`s${level}-${index}`] = level === 13 ? set() : { type: 'for_each', items: [1], body, on_complete: 'done' };
      }
    }
    expect(validate(states, { initial: 's0-0' }).errors).toEqual([]);
  });
});

describe('inputs of a state machine', () => {
  const prepare = (inputs: StatesDefinition['inputs'], given: JsonObject, exists?: (path: string) => boolean): unknown => {
    try {
      return createStatesInputsPreparer(inputs, exists === undefined ? undefined : { exists })(given);
    } catch (error) {
      return (error as Error).message;
    }
  };

  it.each<[NonNullable<StatesDefinition['inputs']>, JsonObject, unknown]>([
    [[{ name: 'n', type: 'integer' }], { n: '12' }, { n: 12 }],
    [[{ name: 'n', type: 'integer' }], { n: 3.9 }, { n: 3 }],
    [[{ name: 'n', type: 'integer' }], { n: 'x' }, 'inputs.n: cannot convert "x" to integer'],
    [[{ name: 'b', type: 'boolean' }], { b: 'Yes' }, { b: true }],
    [[{ name: 'b', type: 'boolean' }], { b: 0 }, { b: false }],
    [[{ name: 'b', type: 'boolean' }], { b: 'maybe' }, 'inputs.b: cannot convert "maybe" to boolean'],
    [[{ name: 's', type: 'string' }], { s: 5 }, { s: '5' }],
    [[{ name: 'l', type: 'array' }], { l: '[1]' }, { l: [1] }],
    [[{ name: 's', required: true }], {}, 'inputs.s: required but not provided'],
    [[{ name: 's', required: true }], { s: '' }, 'inputs.s: required but empty'],
    [[{ name: 's', default: 'd' }], { other: 1 }, { s: 'd', other: 1 }],
    [[{ name: 's', validation: { pattern: '^a' } }], { s: 'b' }, 'inputs.s: value "b" does not match pattern "^a"'],
    [[{ name: 's', validation: { enum: ['a', 'b'] } }], { s: 'c' }, 'inputs.s: value "c" not in allowed values [a b]'],
    [[{ name: 'n', type: 'integer', validation: { min: 1 } }], { n: 0 }, 'inputs.n: value 0 is below minimum 1'],
    [[{ name: 'n', type: 'integer', validation: { max: 1 } }], { n: 2 }, 'inputs.n: value 2 exceeds maximum 1'],
    [
      [{ name: 'f', validation: { file_extension: ['.go'] } }],
      { f: 'a.py' },
      'inputs.f: file extension ".py" not in allowed extensions [.go]',
    ],
    [[{ name: 'f', validation: { file_extension: ['.go'] } }], { f: 'a' }, 'inputs.f: file "a" has no extension, allowed: [.go]'],
    [[{ name: 'f', validation: { file_exists: true } }], { f: 'a' }, 'inputs.f: the server does not check files for this workflow'],
    [
      [
        { name: 'a', required: true },
        { name: 'b', type: 'integer' },
      ],
      { b: 'x' },
      '2 errors:\n  - inputs.a: required but not provided\n  - inputs.b: cannot convert "x" to integer',
    ],
    [{ type: 'object', properties: { d: { default: 1 } } }, {}, { d: 1 }],
  ])('%j given %j', (inputs, given, expected) => {
    expect(prepare(inputs, given)).toEqual(expected);
  });

  it('asks for files where it may', () => {
    const rules = [{ name: 'f', validation: { file_exists: true } }];
    expect(prepare(rules, { f: 'here' }, (path) => path === 'here')).toEqual({ f: 'here' });
    expect(prepare(rules, { f: 'gone' }, (path) => path === 'here')).toBe('inputs.f: file does not exist: gone');
  });

  it('are a schema in either form', () => {
    expect(
      inputsSchema([
        { name: 'n', type: 'integer', required: true, validation: { min: 1 } },
        { name: 's', required: true, default: 'x' },
      ]),
    ).toEqual({
      type: 'object',
      properties: { n: { type: 'integer', minimum: 1 }, s: { default: 'x' } },
      required: ['n'],
    });
  });
});

describe('a state machine as a picture', () => {
  const view = viewStates({
    initial: 'a',
    states: {
      a: { type: 'step', node: 'debug.log', on_failure: 'done', transitions: [{ when: '{{ states.a.output.x == "1" }}', goto: 'each' }] },
      each: { type: 'for_each', items: [1], body: ['b'], on_complete: 'done' },
      b: { type: 'command', command: 'x' },
      done: { type: 'terminal' },
    },
  });

  it('has every way with what takes it', () => {
    expect(view.nodes.map(({ id, type, level, for_each }) => [id, type, level, for_each])).toEqual([
      ['a', 'debug.log', 0, false],
      ['each', 'for_each', 1, true],
      ['b', 'command', 2, true],
      ['done', 'terminal (success)', 1, false],
    ]);
    expect(view.edges).toEqual([
      { from: 'a', to: 'each', label: 'states.a.output.x == "1"' },
      { from: 'a', to: 'done', label: 'on failure' },
      { from: 'each', to: 'b', label: 'body' },
      { from: 'each', to: 'done', label: 'on complete' },
    ]);
  });

  it('is Mermaid and DOT as well', () => {
    expect(toMermaid(view)).toContain('  n0 -->|"states.a.output.x #61;#61; #34;1#34;"| n1');
    expect(toDot(view)).toContain('"a" -> "done" [label="on failure"];');
  });
});
