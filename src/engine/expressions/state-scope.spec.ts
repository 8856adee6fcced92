import { describe, expect, it } from 'vitest';
import { compileCondition, compileTemplate, type Scope } from './index.js';

const scope: Scope = {
  inputs: { n: 3, text: '5' },
  nodes: {},
  run: { id: 'r', tenant: 't', workflow: 'w', version: 1, attempt: 1, created_at: '2026-01-01T00:00:00Z', trigger: 'api' },
  env: {},
  secrets: {},
  states: { a: { status: 'success', output: 'hi 5\n', stderr: '', exit_code: 0, response: { x: 1 }, json: null, error: null } },
  loop: { item: { name: 'n' }, index: 2, index1: 3, first: false, last: true, length: 3, parent: null },
};

const evaluate = (text: string) => compileTemplate(text, 'states').evaluate(scope);

describe('expressions of a state machine', () => {
  it.each([
    ['{{ states.a.output.trim() }}', 'hi 5'],
    ['{{ loop.index1 }}', 3],
    ['{{ loop.item.name + "/" + string(loop.index) }}', 'n/2'],
    ['{{ "loop" + string(loop.length) + \'loop\' }}', 'loop3loop'],
    ['{{ {"loop": 1}.loop }}', 1],
    ['{{ states.?zz.output.orValue("none") }}', 'none'],
    ['{{ "zz" in states }}', false],
    ['{{ shell_quote("it\'s") }}', "'it'\\''s'"],
    ['{{ scalar(inputs.text) + 1 }}', 6],
    ['{{ scalar("yes") }}', 'yes'],
    ['{{ to_list("a, b") }}', ['a', 'b']],
    ['{{ to_list("[1,2]") }}', [1, 2]],
    ['{{ to_list("") }}', []],
    [
      '{{ [truthy(""), truthy(0), truthy([]), truthy({}), truthy(null), truthy("no"), truthy([0]), truthy(2)] }}',
      [false, false, false, false, false, true, true, true],
    ],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });

  it('knows which states it cannot do without', () => {
    const { states } = compileCondition(
      '{{ states.x.output == "1" || has(states.y.output) || states.?z.output.hasValue() }}',
      'states',
    ).references;
    expect([...states]).toEqual(['x']);
  });

  it('has no loop elsewhere', () => {
    expect(() => compileTemplate('{{ loop.index }}', 'run')).toThrow(/Reserved identifier|loop/);
  });
});
