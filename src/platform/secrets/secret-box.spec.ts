import { describe, expect, it } from 'vitest';
import { SecretBox } from './secret-box.js';

const KEY = 'a key of at least thirty-two characters';

describe('a secret box', () => {
  it('gives back what it sealed, to its owner only', () => {
    const box = new SecretBox(KEY);
    const sealed = box.seal('whsec_abc', 'row-1');
    expect(sealed).not.toContain('whsec');
    expect(box.seal('whsec_abc', 'row-1')).not.toBe(sealed);
    expect(box.open(sealed, 'row-1')).toBe('whsec_abc');
    expect(() => box.open(sealed, 'row-2')).toThrow(/HEDDLE_SECRET_KEY/);
    expect(() => new SecretBox('another key of at least thirty-two chars').open(sealed, 'row-1')).toThrow(/HEDDLE_SECRET_KEY/);
    expect(() => new SecretBox(undefined).open(sealed, 'row-1')).toThrow(/HEDDLE_SECRET_KEY/);
  });

  it('without a key keeps secrets as they are, and reads them still when there is one', () => {
    const stored = new SecretBox(undefined).seal('whsec_abc', 'row-1');
    expect(new SecretBox(undefined).open(stored, 'row-1')).toBe('whsec_abc');
    expect(new SecretBox(KEY).open(stored, 'row-1')).toBe('whsec_abc');
  });
});
