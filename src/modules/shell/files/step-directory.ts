import { writeFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NOTE_FILE, type ProcessNote } from '../process/process-note.js';
import type { ProcessId, ProcessOwner } from '../process/process-table.js';

/** The variable by which the processes of an attempt are known from all others. */
export const MARK = 'HEDDLE_RESULT';

/** The value of `MARK` for the attempt with this directory. */
export function markOf(directory: string): string {
  return join(directory, 'result.json');
}

/** What one attempt of a step has for itself, beside the files that it shares with the other steps of its run. */
export class StepDirectory {
  readonly artifacts: string;
  readonly result: string;
  readonly temporary: string;
  private readonly script: string;

  private constructor(
    private readonly path: string,
    private readonly owner: ProcessOwner | null,
  ) {
    this.artifacts = join(path, 'artifacts');
    this.result = markOf(path);
    this.temporary = join(path, 'tmp');
    this.script = join(path, 'script');
  }

  static async create(path: string, owner: ProcessOwner | null): Promise<StepDirectory> {
    const directory = new StepDirectory(path, owner);
    await mkdir(path, { mode: 0o700 });
    await Promise.all([mkdir(directory.artifacts), mkdir(directory.temporary)]);
    directory.note(null);
    return directory;
  }

  /** Readable by this user only: a script may hold secrets. */
  async writeScript(text: string): Promise<string> {
    await writeFile(this.script, text, { mode: 0o700 });
    return this.script;
  }

  /** At once, so that no crash comes in between. */
  note(id: ProcessId | null): void {
    if (this.owner === null) return;
    const note: ProcessNote = { owner: this.owner, process: id };
    writeFileSync(join(this.path, NOTE_FILE), JSON.stringify(note), { mode: 0o600 });
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
