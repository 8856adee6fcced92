import { describe, expect, it } from 'vitest';
import { redactor } from './redact.js';

const masked = (secrets: string[], value: unknown): unknown => JSON.parse(redactor(secrets)?.(JSON.stringify(value)) ?? 'null');

describe('masking secrets in what is journaled', () => {
  it('hides them in texts and keys, at any depth, also escaped ones', () => {
    expect(masked(['p"w', 'tok'], { a: 'Bearer tok', 'x-tok': ['p"w', { b: 'tok tok' }] })).toEqual({
      a: 'Bearer ***',
      'x-***': ['***', { b: '*** ***' }],
    });
  });

  it('leaves nothing of a secret that contains another', () => {
    expect(masked(['abc', 'abcdef'], ['abcdef', 'abc'])).toEqual(['***', '***']);
  });

  it('keeps JSON whole when a secret looks like a part of it', () => {
    expect(masked(['42', 'true', '"', ','], { n: 42, t: true, s: '42, "true"' })).toEqual({ n: 42, t: true, s: '****** *********' });
  });

  it('gives back the same text when there is nothing to hide in it', () => {
    const text = '{"a": 1}';
    expect(redactor(['x'])?.(text)).toBe(text);
    expect(redactor([''])).toBeUndefined();
  });
});
