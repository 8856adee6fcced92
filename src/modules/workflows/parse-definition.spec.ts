import { describe, expect, it } from 'vitest';
import { parseYaml } from './parse-definition.js';

describe('YAML', () => {
  it('of any JSON is that JSON', () => {
    const value = { a: [1, 2.5, null, true, 'x', '{{ inputs.n }}'], 'b/c': { '~': [] } };
    expect(parseYaml(JSON.stringify(value))).toEqual({ value });
    expect(parseYaml('a: yes\nb: 2026-01-01\nc: 0x10\n1: x\n')).toEqual({ value: { a: 'yes', b: '2026-01-01', c: 16, '1': 'x' } });
  });

  it.each([
    ['two documents', 'a: 1\n---\nb: 2\n'],
    ['a prototype', '__proto__: { x: 1 }\n'],
    ['a NUL', 'a: "\\0"\n'],
    ['a tag it does not know', 'a: !!js/function "x"\n'],
    ['NaN', 'a: .nan\n'],
    ['a list as a key', '? [a]\n: 1\n'],
    ['an unknown alias', 'a: *x\n'],
  ])('with %s is refused or harmless', (what, text) => {
    const parsed = parseYaml(text);
    if ('value' in parsed)
      expect({ what, proto: Object.getPrototypeOf(parsed.value) as unknown, value: parsed.value }).toEqual({
        what: 'a tag it does not know',
        proto: Object.prototype,
        value: { a: 'x' },
      });
    else expect(parsed.errors.length).toBeGreaterThan(0);
  });

  it('of thousands of nodes is read', () => {
    const node = (i: number) => `  - id: n${i}\n    type: transform.set\n    config: { values: { a: "{{ inputs.x }}", b: 1 } }\n`;
    const parsed = parseYaml(`name: x\nnodes:\n${Array.from({ length: 3_000 }, (_, i) => node(i)).join('')}`);
    expect('value' in parsed && (parsed.value as { nodes: unknown[] }).nodes).toHaveLength(3_000);
  });

  it('that is too long is refused before it is read', () => {
    expect(parseYaml('x'.repeat(3 * 1024 * 1024))).toMatchObject({ errors: [{ code: 'malformed_yaml' }] });
  });
});
