import { relative, sep } from 'node:path';
import type { DefinitionFault } from '../../../engine/graph/index.js';
import { AppError } from '../../../platform/errors/app-error.js';
import { hashDefinition } from '../definition-hash.js';
import type { DefinitionFormatName, DefinitionOrigin } from '../origin.js';
import { invalidDefinition, malformedYaml } from '../workflows.errors.js';
import { formatWorkflowName } from '../workflow-name.js';
import type { CheckedDefinition, DefinitionBody } from '../workflows.service.js';
import { digestOf, fingerprintOf, isJobConfig, parseFile, placeOf } from './definition-files.js';
import type { ReadDefinition } from './formats/definition-format.js';
import { formatOf } from './formats/formats.js';
import { looksNative } from './formats/native.format.js';

/** A directory of definitions. */
export interface SourceDirectory {
  /** `fs:<name>` of everything in it. */
  readonly source: string;
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

/** What a file comes to, as long as it and what it depends on are not touched. */
export interface FileReading {
  /** Absolute. */
  readonly path: string;
  /** Relative to the directory, with `/`. */
  readonly file: string;
  /** Where the definition lies: the file, or the directory of a job. */
  readonly place: string;
  /** Null when it could not be told. */
  readonly format: DefinitionFormatName | null;
  readonly related: readonly string[];
  readonly fingerprint: string;
  readonly result: LoadableDefinition | FileFault | NoDefinition;
}

export interface LoadableDefinition {
  readonly kind: 'definition';
  readonly checked: CheckedDefinition;
  readonly origin: DefinitionOrigin;
  /** What is written and is not kept in the definition. */
  readonly unkept: readonly DefinitionFault[];
  /** `namespace/name` */
  readonly workflow: string;
  /** Equal for what is one version. */
  readonly hash: string;
}

export interface FileFault {
  readonly kind: 'fault';
  readonly message: string;
  readonly errors: readonly DefinitionFault[];
}

/** A file that belongs to a job or to other definitions and is none. */
interface NoDefinition {
  readonly kind: 'none';
}

export type CheckDefinition = (body: DefinitionBody, source: string) => CheckedDefinition;

/**
 * Reads a file of a source, unless `known` still holds. `owned` says that it lies in the directory of a job: then it may be any
 * file. Never throws: whatever is wrong belongs to this file alone.
 */
export async function readFileOf(
  directory: SourceDirectory,
  path: string,
  owned: boolean,
  known: FileReading | undefined,
  check: CheckDefinition,
): Promise<FileReading> {
  const mark = async (related: readonly string[]): Promise<string> => `${owned} ${await fingerprintOf([path, ...related])}`;
  if (known !== undefined && known.fingerprint === (await mark(known.related))) return known;
  // The mark of the file is older than what is read from it, so that no change in between is missed.
  const before = await fingerprintOf([path]);
  const read = await readDefinition(directory, path, owned, check);
  const fingerprint = (await fingerprintOf([path])) === before ? await mark(read.related) : '';
  return { path, file: relative(directory.path, path).split(sep).join('/'), place: placeOf(directory.path, path), fingerprint, ...read };
}

async function readDefinition(
  directory: SourceDirectory,
  path: string,
  owned: boolean,
  check: CheckDefinition,
): Promise<Pick<FileReading, 'format' | 'related' | 'result'>> {
  let format: DefinitionFormatName | null = isJobConfig(path) ? 'flwd' : null;
  let related: readonly string[] = [];
  try {
    const parsed = await parseFile(path);
    if ('errors' in parsed) throw malformedYaml(parsed.errors);
    const file = { sourceName: directory.name, root: directory.path, path, file: relative(directory.path, path), value: parsed.value };
    const reader = formatOf(file);
    if (owned && reader.name === 'native' && !looksNative(file)) return { format: null, related, result: { kind: 'none' } };
    format = reader.name;
    const reading = await reader.read(file);
    if (reading === null) return { format: null, related, result: { kind: 'none' } };
    related = reading.related ?? [];
    if ('errors' in reading) throw invalidDefinition(reading.errors);
    const checked = checkWritten(reading, directory.source, check);
    const origin = {
      format,
      path: placeOf(directory.path, path),
      label: reading.label ?? null,
      digest: await digestOf(directory.path, related),
    };
    const workflow = formatWorkflowName(checked.name);
    const hash = hashDefinition({ ...checked.definition, name: workflow }, origin).toString('hex');
    return { format, related, result: { kind: 'definition', checked, unkept: reading.warnings, origin, workflow, hash } };
  } catch (error) {
    if (owned && format === null) return { format, related, result: { kind: 'none' } };
    return { format, related, result: faultOf(error) };
  }
}

/** Checks a definition; what is wrong is told where its author wrote it. */
function checkWritten(reading: ReadDefinition, source: string, check: CheckDefinition): CheckedDefinition {
  const { definition, warnings, pointer = (path: string): string => path } = reading;
  const written = (faults: readonly DefinitionFault[]): DefinitionFault[] =>
    faults.map((fault) => ({ ...fault, path: pointer(fault.path) }));
  try {
    const checked = check({ json: definition }, source);
    return { ...checked, warnings: [...warnings, ...written(checked.warnings)] };
  } catch (error) {
    throw error instanceof AppError ? invalidDefinition(written(error.errors)) : error;
  }
}

export function faultOf(error: unknown): FileFault {
  if (error instanceof AppError) return { kind: 'fault', message: error.detail, errors: error.errors };
  return { kind: 'fault', message: (error as Error).message, errors: [] };
}
