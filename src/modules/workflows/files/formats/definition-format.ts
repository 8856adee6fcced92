import type { DefinitionFault } from '../../../../engine/graph/index.js';
import type { Json } from '../../../../engine/model/json.js';
import type { DefinitionFormatName } from '../../origin.js';

/** A file of a directory of definitions, and what its YAML or JSON holds. */
export interface DefinitionFile {
  /** Of its source: `jobs` of `fs:jobs`. */
  readonly sourceName: string;
  /** Absolute path of the source's directory. */
  readonly root: string;
  /** Absolute. */
  readonly path: string;
  /** Relative to the root, with `/`. */
  readonly file: string;
  readonly value: Json;
}

export interface ReadDefinition {
  /** In Heddle's own form; checked like any other definition. */
  readonly definition: Json;
  readonly warnings: readonly DefinitionFault[];
  /** The version its author gives it, such as `1.4.0`. */
  readonly label?: string | null;
  /** Turns a pointer into the definition into one into the file, for the faults that are found later. */
  readonly pointer?: (path: string) => string;
}

/** What a format makes of a file. */
export type FormatReading = (ReadDefinition | { readonly errors: readonly DefinitionFault[] }) & {
  /**
   * Absolute paths of the other files it depends on, there or not, and of directories whose list of entries matters. The content
   * of the files is part of the definition: when it changes, the definition has.
   */
  readonly related?: readonly string[];
};

/** A way to write definitions. */
export interface DefinitionFormat {
  readonly name: DefinitionFormatName;
  /** Whether a file that can be parsed is written in this format. The first format that says so reads it. */
  recognises(file: DefinitionFile): boolean;
  /** Never throws for what is written in the file. Null: the file is no definition, but a part of others. */
  read(file: DefinitionFile): Promise<FormatReading | null>;
}
