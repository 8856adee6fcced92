import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Json, StepError } from '../../../engine/index.js';
import { parseJson } from '../../../platform/http/json-text.js';

const MAX_BYTES = 4 * 1024 * 1024;

/** The JSON a process left; undefined when it left none. Throws `bad_result` for anything that is not JSON in a plain file. */
export async function readResult(path: string): Promise<Json | undefined> {
  const bytes = await readPlainFile(path);
  if (bytes === null) return undefined;
  const text = bytes.toString('utf8').trim();
  if (text === '') return undefined;
  try {
    return parseJson(text);
  } catch (error) {
    throw badResult(`cannot be taken: ${(error as Error).message.replace(/^the body/, 'it')}`);
  }
}

async function readPlainFile(path: string): Promise<Buffer | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw badResult(error.code === 'ELOOP' ? 'is a link' : `cannot be read (${error.code ?? error.message})`);
  });
  if (file === null) return null;
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw badResult('is not a plain file');
    if (stats.size > MAX_BYTES) throw badResult(`is larger than ${MAX_BYTES} bytes; leave a file in $HEDDLE_ARTIFACTS instead`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function badResult(what: string): StepError {
  return new StepError('bad_result', `What was written to $HEDDLE_RESULT ${what}.`);
}
