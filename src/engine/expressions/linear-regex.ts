import { EvaluationError } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { LRUCache } from 'lru-cache';

const MAX_PATTERN_LENGTH = 1_000;
const compiled = new LRUCache<string, RE2JS>({ max: 500 });

/**
 * Compiles a pattern for a matcher whose time is linear in the text, so that no pattern can hang the process
 * (CEL asks for RE2 syntax anyway: no look-around, no back-references). Throws an Error with a readable message.
 */
export function linearRegex(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  if (pattern.length > MAX_PATTERN_LENGTH) throw new Error(`pattern is longer than ${MAX_PATTERN_LENGTH} characters`);
  const regex = RE2JS.compile(pattern);
  compiled.set(pattern, regex);
  return regex;
}

/** The regular expression engine of JSON Schemas that users write: `pattern` and `patternProperties` in linear time. */
export const linearRegExpEngine = Object.assign((pattern: string): { test(text: string): boolean } => linearRegex(pattern), {
  code: 'linearRegExpEngine',
});

/** `text.matches(pattern)`: whether the pattern is found anywhere in the text. */
export function matches(text: string, pattern: string): boolean {
  return toRegex(pattern).test(text);
}

/** `text.replace_all(pattern, replacement)`; `$1` in the replacement is the first group. */
export function replaceAll(text: string, pattern: string, replacement: string): string {
  return toRegex(pattern).matcher(text).replaceAll(replacement);
}

function toRegex(pattern: string): RE2JS {
  try {
    return linearRegex(pattern);
  } catch (error) {
    throw new EvaluationError({ code: 'invalid_regular_expression', message: `invalid regular expression: ${(error as Error).message}` });
  }
}
