import { statSync } from 'node:fs';
import type { InputFiles } from '../../engine/states/index.js';
import { API_SOURCE } from './source.js';

const SERVER_FILES: InputFiles = { exists: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true };

/** Answers rules of inputs about files. Only a definition from a directory of the operator may ask about the server's files. */
export function inputFilesOf(source: string): InputFiles | undefined {
  return source === API_SOURCE ? undefined : SERVER_FILES;
}
