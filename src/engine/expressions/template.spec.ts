import { describe, expect, it } from 'vitest';
import type { Json } from '../model/json.js';
import { StepError } from '../model/step-error.js';
import { compileCondition, compileTemplate } from './template.js';
import type { Scope } from './scope.js';

const scope: Scope = {
  inputs: {
    n: 2,
    f: 2.5,
    s: 'text',
    t: true,
    nothing: null,
    list: [1, 2, 3],
    one: 1,
    url: 'http://a/b?c=d',
    empty: [],
    object: { a: 1, 'b-c': { d: [true] } },
    orders: [
      { id: 'x', amount: 5, tag: 'red' },
      { id: 'y', amount: 7.5, tag: 'blue' },
      { id: 'z', amount: 1, tag: 'red' },
    ],
    odd: { 'weird key': 1, constructor: 2 },
  },
  nodes: {
    fetch: { status: 'success', output: { status: 200, body: { orders: [{ id: 1 }] } }, error: null },
    'a-b': { status: 'failed', output: null, error: { code: 'timeout', message: 'late' } },
  },
  run: { id: 'r1', tenant: 'default', workflow: 'demo/x', version: 3, attempt: 1, created_at: '2026-01-02T03:04:05.000Z', trigger: 'api' },
  item: { id: 7 },
  index: 1,
  env: { HOME: '/root' },
  secrets: { TOKEN: 'hush-hush' },
};

const evaluate = (value: Json, variables: 'run' | 'item' | 'inputs' = 'item') => compileTemplate(value, variables).evaluate(scope);

describe('templates', () => {
  it.each<[string, Json]>([
    ['{{ inputs.n }}', 2],
    ['{{inputs.n}}', 2],
    ['  {{ inputs.n }}\n', 2],
    ['n={{ inputs.n }}', 'n=2'],
    ['{{ inputs.n }}{{ inputs.f }}', '22.5'],
    ['{{ inputs.list }}', [1, 2, 3]],
    ['l: {{ inputs.list }}', 'l: [1,2,3]'],
    ['o: {{ inputs.object }}', 'o: {"a":1,"b-c":{"d":[true]}}'],
    ['[{{ inputs.nothing }}]', '[]'],
    ['{{ inputs.nothing }}', null],
    ['{{ inputs.t }}!', 'true!'],
    ['plain', 'plain'],
    ['\\{{ not }}', '{{ not }}'],
    ['a \\{{ b }} {{ inputs.n }}', 'a {{ b }} 2'],
    ['{{ "}}" }}', '}}'],
    ['{{ \'}}\' + "{{" }}', '}}{{'],
    ['{{ {"a": {"b": inputs.n}} }}', { a: { b: 2 } }],
    ['{{{"a": {"b": 1}}}}', { a: { b: 1 } }],
    ['{{ r"\\d" + "\\"}}" }}', '\\d"}}'],
    ['{{ """a}}b""" }}', 'a}}b'],
    ["{{ inputs.n // isn't it\n }}", 2],
    ['{{ inputs.n // the count }}', 2],
    ['}} {{ inputs.n }} }}', '}} 2 }}'],
  ])('%s gives %j', (template, expected) => {
    expect(evaluate(template)).toEqual(expected);
  });

  it('works through objects and lists, keeps key order and leaves keys alone', () => {
    const value = { z: '{{ inputs.n }}', a: [1, '{{ index }}', { '{{ k }}': 'x{{ item.id }}' }], __proto__x: null };
    const result = evaluate(value);
    expect(result).toEqual({ z: 2, a: [1, 1, { '{{ k }}': 'x7' }], __proto__x: null });
    expect(Object.keys(result as object)).toEqual(['z', 'a', '__proto__x']);
  });

  it('never sets a prototype', () => {
    const value = JSON.parse('{"__proto__": {"polluted": "{{ inputs.n }}"}}') as Json;
    const result = evaluate(value) as object;
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(JSON.stringify(result)).toBe('{"__proto__":{"polluted":2}}');
  });

  it('knows what is constant, what reads secrets, and what is read', () => {
    const template = compileTemplate({
      a: 1,
      b: { c: 'text' },
      d: '{{ nodes.fetch.output + nodes["a-b"].output }}',
      e: ['{{ secrets.TOKEN }}', '{{ env.HOME }}'],
    });
    expect(template.constant).toBe(false);
    expect([...template.constantKeys]).toEqual(['a', 'b']);
    expect([...template.secretKeys]).toEqual(['e']);
    expect([...template.references.nodes]).toEqual(['fetch', 'a-b']);
    expect([...template.references.secrets]).toEqual(['TOKEN']);
    expect([...template.references.env]).toEqual(['HOME']);
    expect(template.references.item).toBe(false);
  });

  it('does not take a variable bound by a macro for a reference', () => {
    const template = compileTemplate('{{ inputs.list.map(nodes, nodes).exists(item, item == 1) && cel.bind(secrets, inputs, secrets.t) }}');
    expect([...template.references.nodes, ...template.references.secrets]).toEqual([]);
    expect(template.references.item).toBe(false);
  });

  it('returns a constant without copying it', () => {
    const template = compileTemplate({ a: [1, 2] });
    expect(template.constant).toBe(true);
    expect(template.evaluate(scope)).toBe(template.evaluate(scope));
  });
});

describe('numbers', () => {
  it.each<[string, Json]>([
    ['inputs.n + 1', 3],
    ['1 + inputs.n', 3],
    ['inputs.n - 1', 1],
    ['inputs.n * 2', 4],
    ['inputs.f * 2', 5],
    ['inputs.n / 2', 1],
    ['1 / inputs.n', 0.5],
    ['7 / 2', 3],
    ['7.0 / 2', 3.5],
    ['7 % 2', 1],
    ['7 % inputs.n', 1],
    ['inputs.f % 2', 0.5],
    ['inputs.f % inputs.n', 0.5],
    ['1 + 1.5', 2.5],
    ['-inputs.n', -2],
    ['inputs.n == 2', true],
    ['2 == inputs.n', true],
    ['inputs.n != 3', true],
    ['inputs.n == 2.0', true],
    ['inputs.n < 3 && inputs.n >= 2 && 1 < inputs.n', true],
    ['inputs.n in [1, 2]', true],
    ['2 in inputs.list', true],
    ['5 in inputs.list', false],
    ['inputs.list == [1, 2, 3]', true],
    ['inputs.object.a == 1', true],
    ['inputs.list[inputs.one]', 2],
    ['inputs.list[index]', 2],
    ['inputs.list[0]', 1],
    ['index + 1', 2],
    ['size(inputs.list)', 3],
    ['size(inputs.list) == inputs.n + 1', true],
    ['int("42")', 42],
    ['double("4.5")', 4.5],
    ['string(inputs.n)', '2'],
    ['string(7)', '7'],
    ['0.1 + 0.2', 0.30000000000000004],
    ['-0.0', 0],
    ['round(2.5)', 3],
    ['round(-2.5)', -3],
    ['round(1.005, 2)', 1.01],
    ['round(inputs.f)', 3],
    ['floor(2.9)', 2],
    ['ceil(2.1)', 3],
    ['abs(-3)', 3],
    ['abs(-3.5)', 3.5],
    ['min(inputs.n, 1)', 1],
    ['max(inputs.n, 1)', 2],
    ['min(inputs.list)', 1],
    ['inputs.list.max()', 3],
    ['sum(inputs.list)', 6],
    ['[1, 2.5].sum()', 3.5],
    ['sum([])', 0],
    ['range(3)', [0, 1, 2]],
    ['range(inputs.n)', [0, 1]],
    ['9007199254740991', 9007199254740991],
    ['0xFF', 255],
  ])('%s is %j', (expression, expected) => {
    expect(evaluate(`{{ ${expression} }}`)).toEqual(expected);
  });
});

describe('values and functions', () => {
  it.each<[string, Json]>([
    ['inputs.?q.orValue(3)', 3],
    ['inputs.?n.orValue("x")', 2],
    ['inputs.object.?x.?y.orValue("none")', 'none'],
    ['inputs.?q', null],
    ['inputs.?n', 2],
    ['has(inputs.q)', false],
    ['has(inputs.nothing)', true],
    ['inputs.nothing == null', true],
    ['inputs.n > 1 ? 1 : "x"', 1],
    ['inputs.n > 9 ? {"a": 1} : null', null],
    ['[1, "a", null, {"b": 2.5}]', [1, 'a', null, { b: 2.5 }]],
    ['{1: "a"}', { '1': 'a' }],
    ['nodes["a-b"].error.code', 'timeout'],
    ['nodes.fetch.output.body.orders[0].id', 1],
    ['inputs.object["b-c"].d', [true]],
    ['timestamp("2026-01-02T03:04:05Z")', '2026-01-02T03:04:05Z'],
    ['timestamp(run.created_at) + duration("90m")', '2026-01-02T04:34:05Z'],
    ['timestamp("2026-01-02T03:04:05Z") - timestamp("2026-01-02T03:04:00Z")', '5s'],
    ['string(timestamp(run.created_at))', '2026-01-02T03:04:05Z'],
    ['duration("1.5s")', '1.5s'],
    ['b"hello"', 'aGVsbG8='],
    ['bytes("hello").hex()', '68656c6c6f'],
    ['json("{\\"a\\": [1, 2]}").a[1] + 1', 3],
    ['to_json({"a": [1, 2.5, null]})', '{"a":[1,2.5,null]}'],
    ['string([1, "a"])', '[1,"a"]'],
    ['string(inputs.object.a)', '1'],
    ['string({"a": 1})', '{"a":1}'],
    ['string(null)', ''],
    ['keys({"b": 1, "a": 2})', ['b', 'a']],
    ['inputs.object.keys()', ['a', 'b-c']],
    ['values({"b": 1, "a": 2})', [1, 2]],
    ['entries({"b": 1})', [{ key: 'b', value: 1 }]],
    ['from_entries([{"key": "b", "value": 1}])', { b: 1 }],
    ['merge({"a": 1, "b": 1}, {"b": 2})', { a: 1, b: 2 }],
    ['merge({"a": 1}, {"b": 2}).a + 1', 2],
    ['"a" in merge({"a": 1}, {})', true],
    ['keys(merge({"a": 1}, {"b": 2}))', ['a', 'b']],
    ['size(merge({"a": 1}, {"b": 2}))', 2],
    ['flatten([[1, 2], 3, [[4]]])', [1, 2, 3, [4]]],
    ['[1, 1.0, 2, "1", {"a": 1, "b": 2}, {"b": 2.0, "a": 1}].unique()', [1, 2, '1', { a: 1, b: 2 }]],
    ['[3, 1.5, 2].sort()', [1.5, 2, 3]],
    ['["b", "a"].sort()', ['a', 'b']],
    ['inputs.orders.sort_by("amount").map(o, o.id)', ['z', 'x', 'y']],
    [
      'inputs.orders.group_by("tag")',
      {
        red: [
          { id: 'x', amount: 5, tag: 'red' },
          { id: 'z', amount: 1, tag: 'red' },
        ],
        blue: [{ id: 'y', amount: 7.5, tag: 'blue' }],
      },
    ],
    ['inputs.orders.count_by("tag")', { red: 2, blue: 1 }],
    ['count_by(["a", "b", "a"])', { a: 2, b: 1 }],
    ['inputs.orders.group_by("tag").red.map(o, o.amount).sum()', 6],
    ['inputs.orders.filter(o, o.amount > 4).map(o, o.id)', ['x', 'y']],
    ['inputs.orders.all(o, o.amount > 0) && !inputs.orders.exists(o, o.tag == "green")', true],
    ['inputs.orders.exists_one(o, o.tag == "blue")', true],
    ['inputs.orders.map(o, o.tag == "red", o.id)', ['x', 'z']],
    ['inputs.object.map(k, k)', ['a', 'b-c']],
    ['[1, 2, 3].reverse()', [3, 2, 1]],
    ['inputs.list.slice(1, inputs.n)', [2]],
    ['slice([1, 2, 3], -2, 3)', [2, 3]],
    ['"A".lower() + upper("b")', 'aB'],
    ['trim("  x ") + " y ".trim()', 'xy'],
    ['"a,b".split(",")', ['a', 'b']],
    ['split("a,b", ",")', ['a', 'b']],
    ['join(["a", 1, null, 2.5], "-")', 'a-1--2.5'],
    ['["a", "b"].join("/")', 'a/b'],
    ['"aXbX".replace("X", "-")', 'a-b-'],
    ['"a1b22".replace_all("[0-9]+", "#")', 'a#b#'],
    ['"hello".matches("^h.*o$")', true],
    ['inputs.s.matches(inputs.s)', true],
    ['"hello".substring(inputs.one)', 'ello'],
    ['"hello".substring(1, inputs.n)', 'e'],
    ['url_encode("a b/ü")', 'a%20b%2F%C3%BC'],
    ['"tex" + "t" == inputs.s', true],
    ['cel.bind(a, inputs.n * 2, a + a)', 8],
    ['inputs.odd["weird key"]', 1],
    ['inputs.odd.constructor', 2],
    ['inputs.odd', { 'weird key': 1, constructor: 2 }],
    ['inputs.list + [4]', [1, 2, 3, 4]],
    ['type(inputs.n) == double', true],
    ['secrets.TOKEN', 'hush-hush'],
  ])('%s is %j', (expression, expected) => {
    expect(evaluate(`{{ ${expression} }}`)).toEqual(expected);
  });

  it('shares what it passes on', () => {
    expect(evaluate('{{ inputs.orders }}')).toBe(scope.inputs.orders);
    expect((evaluate('{{ [inputs.orders] }}') as Json[])[0]).toBe(scope.inputs.orders);
  });
});

describe('failures', () => {
  it.each<[string, string, RegExp]>([
    ['{{ inputs.missing }}', 'no_such_key', /No such key: missing/],
    ['{{ inputs.s + 1 }}', 'no_such_overload', /no such overload: string \+ int/],
    ['{{ inputs.list[9] }}', 'index_out_of_bounds', /9 of a list of 3/],
    ['{{ 1 / 0 }}', 'division_by_zero', /division by zero/],
    ['{{ inputs.n / 0.0 }}', 'not_json', /Infinity/],
    ['{{ 9007199254740993 }}', 'not_json', /use string\(\)/],
    ['{{ type(1) }}', 'not_json', /Type/],
    ['{{ inputs.t ? inputs.nope : 1 }}', 'no_such_key', /nope/],
    ['{{ inputs.n ? 1 : 2 }}', 'invalid_condition_type', /must be bool/],
    ['{{ "x".matches("(a") }}', 'invalid_regular_expression', /missing closing/],
    ['{{ "x".matches("(?=a)") }}', 'invalid_regular_expression', /regular expression/],
    ['{{ sum(["a"]) }}', 'not_a_number', /number/],
    ['{{ [1, "a"].sort() }}', 'not_comparable', /cannot order/],
    ['{{ max([]) }}', 'empty_list', /empty list/],
    ['{{ json("{") }}', 'bad_json', /json\(\)/],
    ['{{ range(1000000000) }}', 'out_of_range', /range/],
    ['{{ inputs.list[inputs.f] }}', 'index_out_of_bounds', /2.5/],
  ])('%s fails with %s', (template, reason, message) => {
    const failure = catchError(() => evaluate(template));
    expect(failure).toBeInstanceOf(StepError);
    expect(failure.code).toBe('expression_error');
    expect(failure.retryable).toBe(false);
    expect(failure.details).toMatchObject({ reason });
    expect(failure.message).toMatch(message);
  });

  it('tells where, in the text of the template', () => {
    const failure = catchError(() => evaluate('first line\n  and {{ inputs.n + inputs.gone }}'));
    expect(failure.details).toMatchObject({ line: 2, expression: 'inputs.n + inputs.gone' });
    expect((failure.details as { column: number }).column).toBe(28);
    expect(failure.message).toContain('(line 2, column 28)');
  });

  it('does not quote operands when the expression reads secrets', () => {
    const failure = catchError(() => evaluate('{{ int(secrets.TOKEN) + bool(secrets.TOKEN) }}'));
    expect(JSON.stringify([failure.message, failure.details])).not.toContain('hush');
  });

  it.each([
    '{{ now() }}',
    '{{ now }}',
    '{{ inputs. }}',
    '{{ }}',
    '{{ inputs.n',
    '{{ nodes.a b }}',
    '{{ 1 + "a" }}',
    '{{ item + unknown }}',
    `{{ ${'x'.repeat(10_001)} }}`,
    `{{ ${'('.repeat(200)}1${')'.repeat(200)} }}`,
  ])('refuses to compile %s', (template) => {
    expect(() => compileTemplate(template, 'item')).toThrow(expect.objectContaining({ name: 'TemplateError' }) as Error);
  });

  it('knows item and index only where they exist', () => {
    expect(() => compileTemplate('{{ item }}', 'run')).toThrow(/item/);
    expect(() => compileTemplate('{{ nodes.a }}', 'inputs')).toThrow(/nodes/);
  });
});

describe('conditions', () => {
  it.each<[string | boolean, boolean]>([
    [true, true],
    [false, false],
    ['{{ inputs.n == 2 }}', true],
    [' {{ inputs.t }} ', true],
    ['{{ !inputs.t }}', false],
    ['{{ nodes.fetch.status == "success" && nodes.fetch.output.status < 300 }}', true],
  ])('%s is %s', (condition, expected) => {
    expect(compileCondition(condition).evaluate(scope)).toBe(expected);
  });

  it.each(['{{ inputs.n }}', '{{ inputs.s }}', '{{ inputs.nothing }}', '{{ inputs.list }}'])('%s must be a boolean', (condition) => {
    expect(catchError(() => compileCondition(condition).evaluate(scope)).details).toMatchObject({ reason: 'not_a_boolean' });
  });

  it.each(['true', 'inputs.t', '{{ inputs.t }} or {{ inputs.t }}', ''])('%s is no condition', (condition) => {
    expect(() => compileCondition(condition)).toThrow(/exactly one expression/);
  });
});

function catchError(action: () => unknown): StepError {
  try {
    action();
  } catch (error) {
    return error as StepError;
  }
  throw new Error('nothing was thrown');
}
