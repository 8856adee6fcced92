import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identifyOwner, isAlive, type ProcessId, type ProcessOwner } from './process-table.js';

/** What is written down of an attempt, for a later life of the server that finds its processes still there. */
export interface ProcessNote {
  /** The server that started it. */
  readonly owner: ProcessOwner;
  /** Null until the process is started. */
  readonly process: ProcessId | null;
}

export const NOTE_FILE = 'process.json';

/** Null when there is none that can be read. */
export async function readNote(directory: string): Promise<ProcessNote | null> {
  try {
    return JSON.parse(await readFile(join(directory, NOTE_FILE), 'utf8')) as ProcessNote;
  } catch {
    return null;
  }
}

/** `elsewhere`: in another pid namespace or before a boot, where its pids mean nothing to this process. */
export function fateOf(owner: ProcessOwner): 'lives' | 'dead' | 'elsewhere' {
  const own = identifyOwner(process.pid);
  if (own === null || own.boot !== owner.boot || own.namespace !== owner.namespace) return 'elsewhere';
  return isAlive(owner) ? 'lives' : 'dead';
}
