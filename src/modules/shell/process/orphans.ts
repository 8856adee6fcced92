import type { Logger } from '../../../platform/logging/index.js';
import { MARK, markOf } from '../files/step-directory.js';
import { fateOf, readNote } from './process-note.js';
import { endTree } from './process-tree.js';

/**
 * Kills what an attempt left running when its server died. Only what is surely its own: the note names a server of this boot and
 * pid namespace that is dead, and the processes are known by their start time, their session and the mark in their environment.
 */
export async function killOrphans(directory: string, logger: Logger): Promise<void> {
  const note = await readNote(directory);
  if (note === null || fateOf(note.owner) !== 'dead') return;
  // Without a started process noted: the server may have died just after starting it, so the mark alone must do.
  const { pid, startTime } = note.process ?? { pid: 0, startTime: note.owner.startTime };
  const killed = await endTree({ pid, startTime, mark: `${MARK}=${markOf(directory)}` }, () => 0);
  if (killed > 0) logger.warn({ directory, processes: killed }, 'killed processes that a former life of this server left running');
}
