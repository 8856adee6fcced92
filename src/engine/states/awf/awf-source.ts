import type { JsonObject } from '../../model/json.js';

/** A fault of a workflow in AWF's YAML, or something in it that is not kept. */
export interface AwfFault {
  /** JSON pointer into the YAML. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** What surrounds a workflow file. All of it is read while the file is translated, never at run time. */
export interface AwfSurroundings {
  /** A file's text by the path that is written; null when there is none. */
  readFile?(path: string): string | null;
  /** A step template (`.awf/templates/<name>.yaml`), parsed; null when there is none. */
  template?(name: string): JsonObject | null;
  /** Values of `awf.<dir>` and of `context.<member>`, in snake case. */
  readonly directories?: Readonly<Record<string, string>>;
  readonly context?: Readonly<Record<string, string>>;
}

/** Thrown where a text cannot be translated; the caller knows which text it was. */
export class AwfSyntaxError extends Error {
  override readonly name = 'AwfSyntaxError';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What a text may refer to. */
export interface NameContext {
  /** Type of every state, by name. */
  readonly stateTypes: ReadonlyMap<string, string>;
  readonly surroundings: AwfSurroundings;
  /** Names of environment variables that are read; grows. */
  readonly env: Set<string>;
}
