import { describe, expect, it } from 'vitest';
import { checkCondition, checkItems, checkTemplate, type Declarations } from './check.js';

const declarations: Declarations = {
  variables: 'run',
  typeOf: (root, path) => (root === 'inputs' ? ({ n: 'double', s: 'string', b: 'bool' } as const)[path.join('.')] : undefined),
  judge: (reference) =>
    reference.root === 'nodes' && reference.path[0] === 'ghost' ? { code: 'dangling', message: 'no node ghost' } : undefined,
};

describe('the template check', () => {
  it.each([
    '{{ inputs.n + 1 }}',
    '{{ inputs.n == 1 && inputs.n != 1.5 && inputs.n < 3 }}',
    '{{ inputs.n / 2 * inputs.other - inputs.n % 2 }}',
    '{{ inputs.s + "x" + string(inputs.n) }}',
    '{{ inputs.s.upper().size() + 1 }}',
    '{{ inputs.b ? 1 : "x" }}',
    '{{ !inputs.b || inputs.other }}',
    '{{ [1, 2][inputs.n] }}',
    '{{ round(inputs.n, 2) + floor(inputs.n) }}',
    '{{ inputs.n in [1, 2] }}',
    '{{ inputs.?q.orValue(inputs.n) + 1 }}',
    '{{ {"a": inputs.n}.a + 1 }}',
    '{{ inputs.list.map(n, n + "x") }}',
    '{{ nodes["a-b"].output.x[0].y }}',
    '{{ run.created_at + env.X + secrets.Y }}',
    '{{ min(inputs.n, 3) + max([1, 2]) }}',
    '{{ has(inputs.n) && inputs.s.matches("a+") }}',
    '{{ timestamp(run.created_at) + duration("1h") }}',
  ])('accepts %s', (text) => {
    expect(checkTemplate(text, '', declarations)).toEqual([]);
  });

  it.each<[string, string, number, RegExp]>([
    ['{{ inputs.s + 1 }}', 'type', 3, /string \+ int/],
    ['{{ inputs.n + "x" }}', 'type', 3, /double \+ string/],
    ['{{ inputs.b * 2 }}', 'type', 3, /bool \* int/],
    ['{{ 1 + true }}', 'type', 3, /int \+ bool/],
    ['{{ upper(1) }}', 'type', 3, /upper\(int\)/],
    ['{{ nope(1) }}', 'type', 3, /nope\(int\)/],
    ['{{ "a" ? 1 : 2 }}', 'type', 3, /must be bool/],
    ['{{ size(inputs.s) && true }}', 'type', 3, /bool operands/],
    ['{{ inputs.s.first }}', 'type', 12, /index type 'string'/],
    ['{{ inputs.n..x }}', 'syntax', 12, /Expected IDENTIFIER/],
    ['{{ inputs.n + }}', 'syntax', 14, /Unexpected token/],
    ['{{ foo }}', 'unknown_variable', 3, /foo.*known are inputs/],
    ['{{ item.id }}', 'unknown_variable', 3, /only inside for_each/],
    ['{{ now }}', 'unknown_variable', 3, /run\.created_at/],
    ['{{ nodes.a-b.output }}', 'unknown_variable', 11, /nodes\["…-b"\]/],
    ['{{ nodes.ghost.output }}', 'dangling', 3, /no node ghost/],
    ['x {{ inputs.n', 'unclosed_expression', 2, /not closed/],
    ['{{  }}', 'empty_expression', 2, /empty/],
    ['{{ [1, 2].map(1, 2) }}', 'syntax', 14, /iteration variable/],
  ])('%s: %s at %i', (text, code, offset, message) => {
    const faults = checkTemplate(text, '/x', declarations);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ path: '/x', code, offset, severity: 'error' });
    expect(faults[0]?.message).toMatch(message);
  });

  it('finds every fault, each with its pointer, line and column', () => {
    const faults = checkTemplate(
      { 'a/b': ['{{ foo }}', 'ok'], c: { '~': 'line\n  {{ 1 + }} and {{ inputs.s * 2 }}' }, d: '{{ nodes.ghost + nodes.ghost.x + 1 }}' },
      '/config',
      declarations,
    );
    expect(faults.map(({ path, code, line, column }) => ({ path, code, line, column }))).toEqual([
      { path: '/config/a~1b/0', code: 'unknown_variable', line: 1, column: 4 },
      { path: '/config/c/~0', code: 'syntax', line: 2, column: 10 },
      { path: '/config/c/~0', code: 'type', line: 2, column: 20 },
      { path: '/config/d', code: 'dangling', line: 1, column: 4 },
      { path: '/config/d', code: 'dangling', line: 1, column: 18 },
    ]);
  });

  it('finds references inside macros, indexes and branches', () => {
    const faults = checkTemplate(
      '{{ inputs.l.map(x, has(nodes.ghost.a) ? x : inputs[nodes["ghost"].b]) + cel.bind(y, nodes.?ghost, [y]) }}',
      '',
      declarations,
    );
    expect(faults.map((fault) => fault.code)).toEqual(['dangling', 'dangling', 'dangling']);
  });

  it('wants a boolean of a condition and a list of items', () => {
    const codes = (faults: { code: string }[]) => faults.map((fault) => fault.code);
    expect(checkCondition(true, '', declarations)).toEqual([]);
    expect(checkCondition('{{ inputs.n > 1 }}', '', declarations)).toEqual([]);
    expect(checkCondition('{{ inputs.unknown }}', '', declarations)).toEqual([]);
    expect(codes(checkCondition('{{ inputs.n }}', '', declarations))).toEqual(['not_a_condition']);
    expect(codes(checkCondition('{{ inputs.n + 1 }}', '', declarations))).toEqual(['not_a_condition']);
    expect(codes(checkCondition('inputs.b', '', declarations))).toEqual(['not_a_condition']);
    expect(checkItems(['{{ inputs.n }}', 2], '', declarations)).toEqual([]);
    expect(checkItems('{{ inputs.list.filter(x, x > 1) }}', '', declarations)).toEqual([]);
    expect(checkItems('{{ [1, 2] }}', '', declarations)).toEqual([]);
    expect(codes(checkItems('{{ inputs.s }}', '', declarations))).toEqual(['not_a_list']);
    expect(codes(checkItems('a, b', '', declarations))).toEqual(['not_a_list']);
    expect(codes(checkItems({ a: 1 }, '', declarations))).toEqual(['not_a_list']);
  });

  it('is not overcome by nesting', () => {
    let value: unknown = 'x';
    for (let i = 0; i < 5_000; i++) value = [value];
    expect(checkTemplate(value as never, '', declarations)).toEqual([expect.objectContaining({ code: 'too_deep' })]);
  });
});
