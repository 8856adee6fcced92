import { AppError, BadRequestError, UnprocessableError, type FieldError } from '../errors/app-error.js';
import type { Json } from '../../engine/model/json.js';

/** Deeper JSON is refused: nothing we take needs it, and much that walks values recurses. */
export const MAX_JSON_DEPTH = 64;

/** Opening and closing 65 levels takes 130 characters, so shorter texts need no look. */
const SHORTEST_TOO_DEEP = 2 * (MAX_JSON_DEPTH + 1);

/** Without one of these in its text, a value holds no NUL, no lone surrogate and no `__proto__` key. */
const SUSPICIOUS = /__proto__|\\u(?:0000|005f|d[89a-f])/i;

/** The value of a JSON text from outside, or the 400 or 422 that says what is wrong with it. */
export function parseJson(text: string): Json {
  if (text.length >= SHORTEST_TOO_DEEP && isDeeperThan(text, MAX_JSON_DEPTH)) {
    throw new BadRequestError(`the JSON is nested deeper than ${MAX_JSON_DEPTH} levels`, [], 'too_deep');
  }
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new AppError(400, 'malformed_json', `the body is not valid JSON: ${syntaxFault(error)}`, { cause: error });
  }
  if (SUSPICIOUS.test(text)) {
    const faults = findForbidden(value);
    if (faults.length > 0) throw new UnprocessableError('the body holds text that cannot be stored', faults);
  }
  return value;
}

/** V8 quotes the text around the fault, which may be a secret; what it did not expect there is enough. */
function syntaxFault(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const position = /position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return `unexpected text at position ${position}`;
  const character = /^Unexpected token '(.)'/su.exec(message)?.[1];
  if (character !== undefined) return `unexpected ${JSON.stringify(character)}`;
  return /end of JSON/.test(message) ? 'it ends too early' : 'unexpected text';
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `[` and `{` differ in one bit, as do `]` and `}`. */
const OPENING = 0x5b;
const CLOSING = 0x5d;
const EITHER_BRACKET = 0x20;

/** Looks at the brackets outside of strings; the text need not be valid JSON. */
function isDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      at = endOfString(text, at);
      if (at === -1) return false;
    } else if ((char & ~EITHER_BRACKET) === OPENING) {
      depth += 1;
      if (depth > limit) return true;
    } else if ((char & ~EITHER_BRACKET) === CLOSING) {
      depth -= 1;
    }
  }
  return false;
}

/** Index of the quote that ends the string starting at `start`; -1 when it never ends. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}

const MAX_FAULTS = 20;

/**
 * Strings that Postgres cannot store (NUL, lone surrogates) and keys that would reach an object's prototype when somebody copies
 * them. For values that came by another way than `parseJson`, as YAML does.
 */
export function findForbidden(value: Json): FieldError[] {
  const faults: FieldError[] = [];
  walk(value, '', faults);
  return faults;
}

function walk(value: Json, path: string, faults: FieldError[]): void {
  if (faults.length >= MAX_FAULTS) return;
  if (typeof value === 'string') {
    checkText(value, path, faults);
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => walk(item, `${path}/${index}`, faults));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const at = `${path}/${pointerToken(key)}`;
      if (key === '__proto__') faults.push({ path: at, code: 'forbidden_key', message: 'is not allowed as a key' });
      checkText(key, at, faults);
      walk(item, at, faults);
    }
  }
}

function checkText(text: string, path: string, faults: FieldError[]): void {
  if (text.includes('\0')) faults.push({ path, code: 'nul_character', message: 'holds a NUL character' });
  if (!text.isWellFormed()) faults.push({ path, code: 'lone_surrogate', message: 'holds half of a surrogate pair' });
}

/** One token of a JSON pointer (RFC 6901). */
export function pointerToken(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
