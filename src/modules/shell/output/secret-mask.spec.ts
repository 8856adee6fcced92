import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../engine/testing/seeded-random.js';
import { SecretMask } from './secret-mask.js';

function masked(secrets: readonly string[], pieces: readonly string[]): string {
  const mask = new SecretMask(secrets);
  return pieces.map((piece) => mask.push(piece)).join('') + mask.end();
}

describe('SecretMask', () => {
  it.each([
    ['a whole one', ['abc'], ['x abc y'], 'x *** y'],
    ['one in pieces', ['secret'], ['my sec', 'r', 'et!'], 'my ***!'],
    ['several, and again', ['one', 'two'], ['onetwo', 'one two'], '********* ***'],
    ['the longer of two', ['pass', 'password'], ['pass', 'word pass'], '*** ***'],
    ['one that begins twice', ['aab'], ['aa', 'ab'], 'a***'],
    ['nothing that only begins like one', ['secret'], ['sec', 'ond'], 'second'],
    ['one with signs of patterns and line ends', ['a.*b\n[c'], ['a.*b', '\n[c a--b'], '*** a--b'],
    ['none when there are none', ['', ''], ['as it is'], 'as it is'],
  ])('hides %s', (_, secrets, pieces, expected) => {
    expect(masked(secrets, pieces)).toBe(expected);
  });

  it('tells at once what cannot be the beginning of a secret', () => {
    const mask = new SecretMask(['secret']);
    expect(mask.push('password? s')).toBe('password? ');
    expect(mask.push('ecre')).toBe('');
    expect(mask.push('d')).toBe('secred');
  });

  it('hides the same wherever a text is cut', () => {
    const secrets = ['abab', 'ba', 'abcabcab', 'ccc'];
    const random = new SeededRandom(7);
    for (let round = 0; round < 2_000; round += 1) {
      const text = Array.from({ length: random.between(1, 40) }, () => random.pick(['a', 'b', 'c'])).join('');
      const pieces: string[] = [];
      for (let at = 0; at < text.length;) {
        const length = random.between(1, 6);
        pieces.push(text.slice(at, at + length));
        at += length;
      }
      expect(masked(secrets, pieces)).toBe(masked(secrets, [text]));
    }
  });
});
