import { describe, expect, it } from 'vitest';
import { AppError } from '../errors/app-error.js';
import { findForbidden, MAX_JSON_DEPTH, parseJson, pointerToken } from './json-text.js';

function codeOf(text: string): string | undefined {
  try {
    parseJson(text);
    return undefined;
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

const nested = (levels: number, inner = ''): string => '['.repeat(levels) + inner + ']'.repeat(levels);

describe('depth', () => {
  it(`ends at ${MAX_JSON_DEPTH} levels, of either kind`, () => {
    expect(codeOf(nested(MAX_JSON_DEPTH))).toBeUndefined();
    expect(codeOf(nested(MAX_JSON_DEPTH + 1))).toBe('too_deep');
    expect(codeOf(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`)).toBe('too_deep');
    expect(codeOf(`${'[{"a":'.repeat(33)}1${'}]'.repeat(33)}`)).toBe('too_deep');
  });

  it('counts levels, not brackets', () => {
    expect(codeOf(`[${Array.from({ length: 1000 }, () => nested(10)).join(',')}]`)).toBeUndefined();
  });

  it('does not count what is in strings, however quotes are escaped in them', () => {
    const brackets = '['.repeat(200);
    expect(codeOf(JSON.stringify([brackets, `"${brackets}`, `\\${brackets}`, `\\"${brackets}`, `\\\\`, brackets]))).toBeUndefined();
    expect(codeOf(`["${'\\\\'.repeat(5)}",${nested(64)}]`)).toBe('too_deep');
  });

  it('is no way around the syntax', () => {
    expect(codeOf(`${']'.repeat(200)}${'['.repeat(200)}`)).toBe('malformed_json');
    expect(codeOf(`"${'['.repeat(200)}`)).toBe('malformed_json');
  });

  it('takes little time for large texts', () => {
    const text = JSON.stringify({ text: 'x'.repeat(5_000_000), items: Array.from({ length: 100_000 }, (_, n) => ({ n })) });
    const start = performance.now();
    parseJson(text);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe('faults of syntax', () => {
  it.each([
    ['{"password": hunter2}', 'unexpected "h"'],
    ['{"a": 1 "hunter2": 2}', 'unexpected text at position 8'],
    ['{"a": "hunter2', 'unexpected text at position 14'],
    ['{', 'unexpected text at position 1'],
    ['', 'it ends too early'],
  ])('%j: say what and echo nothing', (text, fault) => {
    expect(() => parseJson(text)).toThrow(expect.objectContaining({ detail: `the body is not valid JSON: ${fault}` }));
  });
});

describe('forbidden text', () => {
  it('is found in values and keys, with its pointer', () => {
    const value = JSON.parse('{"a":{"__proto__":{"x/y":"\\u0000"}},"b":["\\ud800","\\ud83d\\ude00"]}') as never;
    expect(findForbidden(value)).toEqual([
      { path: '/a/__proto__', code: 'forbidden_key', message: expect.any(String) as string },
      { path: '/a/__proto__/x~1y', code: 'nul_character', message: expect.any(String) as string },
      { path: '/b/0', code: 'lone_surrogate', message: expect.any(String) as string },
    ]);
  });

  it('is not what only looks like it', () => {
    expect(codeOf('{"a":"\\\\u0000 and __proto__ in prose","e":"\\ud83d\\ude00"}')).toBeUndefined();
  });
});

it('pointer tokens escape what RFC 6901 says', () => {
  expect(pointerToken('a/b~c')).toBe('a~1b~0c');
});
