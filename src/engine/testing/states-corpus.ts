import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Json, JsonObject } from '../model/json.js';

/** What a definition of the corpus is expected to come to: the first document of its file. */
export interface CorpusExpectation {
  readonly about: string;
  /** `awf` when the definition is in AWF's own YAML. */
  readonly dialect?: 'awf';
  /** Whether it runs commands. */
  readonly shell?: boolean;
  readonly inputs?: JsonObject;
  readonly ends: 'success' | 'failed';
  readonly outputs?: Json;
  /** The code, and a part of the message. */
  readonly error?: { readonly code?: string; readonly message?: string };
  readonly details?: JsonObject;
  /** Status of steps, by path. */
  readonly steps?: Readonly<Record<string, string>>;
  /** Paths that must not be there. */
  readonly absent?: readonly string[];
  readonly attempts?: Readonly<Record<string, number>>;
  readonly logs?: readonly string[];
}

export interface CorpusCase {
  readonly name: string;
  readonly expected: CorpusExpectation;
  /** The definition, as a user writes it. */
  readonly text: string;
  readonly definition: Json;
}

/** The state machines under `test/fixtures/states`, each with what it is expected to come to. */
export function readCorpus(folder: string): CorpusCase[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => {
      const [header = '', ...rest] = readFileSync(join(folder, file), 'utf8').split(/^---$/m);
      const text = rest.join('---');
      return { name: file.replace(/\.yaml$/, ''), expected: parse(header) as CorpusExpectation, text, definition: parse(text) as Json };
    });
}
