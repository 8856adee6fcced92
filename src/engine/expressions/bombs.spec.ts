import { describe, expect, it } from 'vitest';
import type { Json } from '../model/json.js';
import { StepError } from '../model/step-error.js';
import type { Scope } from './scope.js';
import { compileTemplate } from './template.js';

const thousands = Array.from({ length: 3_000 }, (_, i) => i);
const scope = (inputs: { [name: string]: Json }): Scope => ({
  inputs,
  nodes: {},
  run: { id: 'r', tenant: 't', workflow: 'w', version: 1, attempt: 1, created_at: '2026-01-01T00:00:00Z', trigger: 'api' },
  env: {},
  secrets: {},
});

/** CPU seconds of this thread. An idle machine stays far below the limits here, which a busy one must not reach. */
function cpuSeconds(action: () => void): number {
  const before = process.threadCpuUsage();
  action();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1e6;
}

const doubling = (start: string, step: (name: string) => string, times: number) => {
  let body = `a${times - 1}`;
  for (let i = times - 1; i > 0; i--) body = `cel.bind(a${i}, ${step(`a${i - 1}`)}, ${body})`;
  return `cel.bind(a0, ${start}, ${body})`;
};

describe('an expression bomb', () => {
  it.each<[string, string, { [name: string]: Json }]>([
    ['a cubic map', 'inputs.l.map(x, inputs.l.map(y, inputs.l.map(z, x + y + z)))', { l: thousands }],
    [
      'a map over itself, five deep',
      'inputs.l.map(a, inputs.l.map(b, inputs.l.map(c, inputs.l.map(d, inputs.l.map(e, 1)))))',
      { l: thousands },
    ],
    ['nested filters', 'inputs.l.filter(x, size(inputs.l.filter(y, size(inputs.l.filter(z, z > y)) > x)) > 1)', { l: thousands }],
    ['nested exists, which swallow errors', 'inputs.l.exists(x, inputs.l.exists(y, inputs.l.exists(z, x + y + z < 0)))', { l: thousands }],
    ['nested all, which swallow errors', 'inputs.l.all(x, inputs.l.all(y, inputs.l.all(z, x + y + z >= 0)))', { l: thousands }],
    ['an error swallowed by ||', 'inputs.l.map(x, inputs.l.map(y, inputs.l.all(z, z >= 0))) == [] || true', { l: thousands }],
    ['exists_one over a product', 'inputs.l.exists_one(x, inputs.l.exists_one(y, inputs.l.exists_one(z, z == y)))', { l: thousands }],
    [
      'search in a long list for each element',
      'inputs.l.map(x, inputs.l.map(y, "no" in inputs.s))',
      { l: thousands, s: thousands.map(String) },
    ],
    [
      'deep equality for each pair',
      'inputs.o.map(x, inputs.o.map(y, x == y))',
      { l: thousands, o: thousands.map((i) => ({ a: { b: thousands.slice(0, 100), i } })) },
    ],
    [
      'text search for each pair',
      'inputs.l.map(x, inputs.l.map(y, inputs.s.contains("needle")))',
      { l: thousands, s: 'x'.repeat(100_000) },
    ],
    ['text size for each element', 'inputs.l.map(x, size(inputs.s))', { l: thousands, s: 'é'.repeat(1_000_000) }],
    ['splitting a long text for each element', 'inputs.l.map(x, size(inputs.s.split("")))', { l: thousands, s: 'x'.repeat(1_000_000) }],
    ['sorting for each element', 'inputs.l.map(x, inputs.l.sort())', { l: thousands }],
    ['joining for each element', 'inputs.l.map(x, join(inputs.l, ","))', { l: thousands }],
    [
      'keys of a large object for each element',
      'inputs.l.map(x, keys(inputs.o))',
      { l: thousands, o: Object.fromEntries(thousands.map((i) => [`k${i}`, i])) },
    ],
    [
      'size of a large object for each pair',
      'inputs.l.map(x, inputs.l.map(y, size(inputs.o)))',
      { l: thousands, o: Object.fromEntries(thousands.map((i) => [`k${i}`, i])) },
    ],
    ['a parse for each element', 'inputs.l.map(x, json(inputs.s))', { l: thousands, s: JSON.stringify(thousands) }],
    ['a wide body', `inputs.l.map(x, inputs.l.map(y, ${Array.from({ length: 300 }, () => 'x * y').join(' + ')}))`, { l: thousands }],
    ['ranges of ranges', 'range(100000).map(x, range(100000).map(y, y))', {}],
    ['strings doubled', doubling('inputs.s', (name) => `${name} + ${name}`, 25), { s: 'x'.repeat(1000) }],
    ['lists doubled', doubling('inputs.l', (name) => `${name} + ${name}`, 25), { l: thousands }],
    ['a shared list that doubles when written out', doubling('[1, 2]', (name) => `[${name}, ${name}]`, 25), {}],
    ['replacements that grow', doubling('"aaaaaaaaaa"', (name) => `${name}.replace("a", "aaaaaaaaaa")`, 20), {}],
    [
      'a pattern with nested quantifiers, for each element',
      'inputs.l.map(x, inputs.s.matches("(a*)*(a|aa)+b$"))',
      { l: thousands, s: 'a'.repeat(100_000) },
    ],
  ])('%s ends with an error, soon', (_, expression, inputs) => {
    const template = compileTemplate(`{{ ${expression} }}`);
    let error: unknown;
    const seconds = cpuSeconds(() => {
      try {
        template.evaluate(scope(inputs));
      } catch (thrown) {
        error = thrown;
      }
    });
    expect(error).toBeInstanceOf(StepError);
    expect((error as StepError).code).toBe('expression_error');
    expect(seconds).toBeLessThan(5);
  });

  it.each<[string, string, string]>([
    ['a pattern that hangs a backtracking matcher', '"(a+)+$"', 'a'.repeat(100_000) + '!'],
    ['overlapping alternatives', '"^(a|a|aa)*$"', 'a'.repeat(100_000) + '!'],
    ['a polynomial pattern', '".*.*.*.*=x"', 'a'.repeat(50_000)],
  ])('%s is matched in linear time', (_, pattern, text) => {
    const template = compileTemplate(`{{ inputs.s.matches(${pattern}) }}`);
    let result: Json = null;
    expect(cpuSeconds(() => (result = template.evaluate(scope({ s: text }))))).toBeLessThan(3);
    expect(result).toBe(false);
  });

  it('leaves room for honest work: a hundred thousand objects mapped, filtered and counted', () => {
    const orders = Array.from({ length: 100_000 }, (_, i) => ({ id: i, amount: i % 100, tag: `t${i % 7}` }));
    const template = compileTemplate(
      '{{ inputs.orders.filter(o, o.amount > 50).map(o, {"id": o.id, "double": o.amount * 2}).count_by("double").size() }}',
    );
    expect(template.evaluate(scope({ orders }))).toBe(49);
  });

  it('passes a 10 MB text on', () => {
    const text = 'x'.repeat(10 * 1024 * 1024);
    expect(compileTemplate('{{ inputs.s }}').evaluate(scope({ s: text }))).toBe(text);
    expect(compileTemplate('{{ inputs.s.upper().size() }}').evaluate(scope({ s: text }))).toBe(text.length);
  });

  it('refuses a template that writes a large value out again and again', () => {
    const template = compileTemplate(Array.from({ length: 50 }, () => '{{ inputs.s }}'));
    expect(() => template.evaluate(scope({ s: 'x'.repeat(1024 * 1024) }))).toThrow(/larger than 32 MiB/);
  });
});
