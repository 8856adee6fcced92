import type { DefinitionFault } from '../../../engine/graph/index.js';
import type { Json, JsonObject } from '../../../engine/index.js';
import { SchemaValidator } from '../../nodes/index.js';

export type ParsedOutput = { readonly data: Json } | { readonly faults: readonly Pick<DefinitionFault, 'path' | 'message'>[] };

/** What models are told about the form of their answer. */
export function schemaInstructions(schema: JsonObject): string {
  return `Answer with one JSON value and nothing else, no explanations and no code fence. It has to fit this JSON Schema:\n${JSON.stringify(schema)}`;
}

/** What a model is told about an answer that does not fit. */
export function repairRequest(faults: readonly { readonly path: string; readonly message: string }[]): string {
  const list = faults.map(({ path, message }) => `- ${path === '' ? 'the whole' : path}: ${message}`).join('\n');
  return `Your answer does not fit the JSON Schema:\n${list}\nAnswer again with the corrected JSON value and nothing else.`;
}

/** Reads an answer as JSON, with or without a code fence, and checks it. */
export function parseOutput(text: string, schema: JsonObject): ParsedOutput {
  const value = parseLoosely(text);
  if (value === undefined) return { faults: [{ path: '', message: 'is not JSON' }] };
  const faults = new SchemaValidator({ strict: false }).compile(schema)(value);
  return faults.length === 0 ? { data: value } : { faults };
}

/** The last JSON in a code fence, else the whole text, else its outermost object or list. */
export function parseLoosely(text: string): Json | undefined {
  const fenced = [...text.matchAll(/```(?:json)?\s*([\s\S]*?)```/g)].at(-1)?.[1];
  for (const candidate of [fenced, text, outermost(text)]) {
    if (candidate === undefined) continue;
    try {
      return JSON.parse(candidate) as Json;
    } catch {
      // The next candidate may be it.
    }
  }
  return undefined;
}

function outermost(text: string): string | undefined {
  const start = text.search(/[{[]/);
  const end = Math.max(text.lastIndexOf('}'), text.lastIndexOf(']'));
  return start >= 0 && end > start ? text.slice(start, end + 1) : undefined;
}
