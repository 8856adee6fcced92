import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArtifactRef, type NodeCall, StepError } from '../../../engine/index.js';

const MAX_FILES = 1_000;
const MAX_DEPTH = 16;

/** The files that a process left to be kept. They are read once nothing of the process lives any more. */
export class ArtifactFiles {
  constructor(private readonly directory: string) {}

  /** Streams every file into the step's artifacts, in the order of their names. Throws `artifact_refused` before any of it is kept. */
  async keep(call: Pick<NodeCall, 'artifact' | 'signal'>): Promise<ArtifactRef[]> {
    const names: string[] = [];
    await this.list('', 0, names);
    const kept: ArtifactRef[] = [];
    for (const name of names) {
      call.signal.throwIfAborted();
      kept.push(await call.artifact({ name, body: this.read(name) }));
    }
    return kept;
  }

  /** Names are relative paths with `/`. */
  private async list(parent: string, depth: number, names: string[]): Promise<void> {
    const entries = await readdir(join(this.directory, parent), { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = parent === '' ? entry.name : `${parent}/${entry.name}`;
      if (entry.isDirectory()) {
        if (depth >= MAX_DEPTH) throw refused(name, `lies deeper than ${MAX_DEPTH} directories`);
        await this.list(name, depth + 1, names);
      } else if (!entry.isFile()) throw refused(name, entry.isSymbolicLink() ? 'is a link' : 'is not a plain file');
      else if (names.push(name) > MAX_FILES) throw refused(name, `is one of more than ${MAX_FILES} files`);
    }
  }

  private async *read(name: string): AsyncIterable<Uint8Array> {
    const file = await open(join(this.directory, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) throw refused(name, 'is not a plain file');
      yield* file.createReadStream({ autoClose: false });
    } finally {
      await file.close();
    }
  }
}

function refused(name: string, what: string): StepError {
  return new StepError('artifact_refused', `${JSON.stringify(name)} in $HEDDLE_ARTIFACTS ${what}.`, { retryable: false });
}
