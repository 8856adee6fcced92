import type { Json } from '../../../engine/model/json.js';
import { StepError } from '../../../engine/model/step-error.js';

/** Deeper documents overflow the stack of recursive readers further on. */
const MAX_DEPTH = 500;

/** Parses JSON that came from outside. Throws a terminal `invalid_json` for bad syntax and for absurd nesting. */
export function parseJson(text: string): Json {
  if (depthOf(text) > MAX_DEPTH)
    throw new StepError('invalid_json', `JSON is nested deeper than ${MAX_DEPTH} levels`, { retryable: false });
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new StepError('invalid_json', `not valid JSON: ${error instanceof Error ? error.message : 'syntax error'}`, { retryable: false });
  }
}

/** Nesting depth of a JSON text, counted without parsing it. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === 0x5c) i += 1;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x5b || char === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (char === 0x5d || char === 0x7d) depth -= 1;
  }
  return deepest;
}
