import { type Json, type JsonObject, StepError } from '../../../engine/index.js';
import { parseLoosely } from '../loop/structured-output.js';

export const ANSWER_FORMATS = ['auto', 'text', 'json'] as const;
export type AnswerFormat = (typeof ANSWER_FORMATS)[number];

const SHOWN_CHARACTERS = 200;

/** An answer's `response`, and its `data` where there is some, as a node's `format` wants them. Throws `StepError('invalid_output')`. */
export function readAnswer(response: string, format: AnswerFormat | null): JsonObject {
  switch (format) {
    case 'text':
      return { response: withoutFence(response) };
    case 'json':
      return jsonAnswer(response);
    case 'auto': {
      const data = parsed(response);
      return data === undefined ? { response } : { response, data };
    }
    case null:
      return { response };
  }
}

function jsonAnswer(response: string): JsonObject {
  const plain = withoutFence(response);
  const data = parsed(plain);
  if (data !== undefined) return { response: plain, data };
  const found = parseLoosely(response);
  if (found !== undefined) return { response: JSON.stringify(found), data: found };
  throw new StepError('invalid_output', `the answer is no JSON: ${response.slice(0, SHOWN_CHARACTERS)}`, {
    retryable: false,
    details: { partial: response },
  });
}

/** What is in the first code fence; the whole text when there is none. */
function withoutFence(text: string): string {
  return /^[^\S\n]*```[^\n`]*\n([\s\S]*?)\n?[^\S\n]*```[^\S\n]*$/m.exec(text)?.[1] ?? text;
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
