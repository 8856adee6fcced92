import { describe, expect, it } from 'vitest';
import { KeptText } from './kept-text.js';

function kept(limit: number, pieces: readonly string[]): KeptText {
  const text = new KeptText(limit);
  for (const piece of pieces) text.push(piece);
  return text;
}

describe('KeptText', () => {
  it('keeps all of a text that fits', () => {
    const text = kept(10, ['abc', 'defg', 'hij']);
    expect(text.text()).toBe('abcdefghij');
    expect(text.truncated).toBe(false);
  });

  it('keeps the beginning and the end of one that does not, however it comes', () => {
    const whole = Array.from({ length: 1_000 }, (_, index) => String(index % 10)).join('');
    for (const size of [1, 3, 7, 50, 1_000]) {
      const text = kept(
        20,
        Array.from({ length: Math.ceil(1_000 / size) }, (_, index) => whole.slice(index * size, (index + 1) * size)),
      );
      expect(text.truncated).toBe(true);
      expect(text.text()).toBe('0123456789\n… 980 characters truncated …\n0123456789');
    }
  });

  it('keeps nothing when nothing may be kept', () => {
    expect(kept(0, ['abc']).text()).toBe('\n… 3 characters truncated …\n');
    expect(kept(0, []).text()).toBe('');
  });

  it('cuts no character in half', () => {
    expect(kept(3, ['a', '😀😀', 'b']).text().isWellFormed()).toBe(true);
    expect(kept(3, ['a', '😀😀', 'b']).text()).toMatch(/^a\n… \d characters truncated …\nb$/);
  });
});
