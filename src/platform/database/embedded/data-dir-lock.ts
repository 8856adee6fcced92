import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DatabaseUnusableError } from '../database.errors.js';

/** Another process serves this data directory. */
export class DataDirLockedError extends DatabaseUnusableError {
  override readonly name = 'DataDirLockedError';
}

const SQLITE_BUSY = 5;

/**
 * The exclusive right to a data directory.
 *
 * Two processes in one PGlite directory corrupt it, so the lock must hold while the holder is stopped or busy and must be
 * free the moment it dies, however it dies. Only the kernel can promise both: this is a POSIX record lock (or its Windows
 * equal), taken through SQLite, which Node carries. A pid file could promise neither; pids repeat, also across containers.
 */
export class DataDirLock {
  private constructor(private readonly handle: DatabaseSync) {}

  /** Throws DataDirLockedError, naming the holder, when another process (or this one) has it. */
  static acquire(dataDir: string): DataDirLock {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const holderFile = join(dataDir, 'lock.json');
    const handle = new DatabaseSync(join(dataDir, 'lock'));
    try {
      handle.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
    } catch (error) {
      handle.close();
      if (!isBusy(error)) throw error;
      throw new DataDirLockedError(
        `${dataDir} is in use by ${describeHolder(holderFile)}; stop it, or set HEDDLE_DATA_DIR to another directory`,
      );
    }
    writeFileSync(holderFile, JSON.stringify({ pid: process.pid, host: hostname(), since: new Date().toISOString() }));
    return new DataDirLock(handle);
  }

  release(): void {
    this.handle.close();
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (error.errcode === SQLITE_BUSY || error.message.includes('locked'));
}

/** The file is only read for its words: it says nothing about whether the lock is held. */
function describeHolder(holderFile: string): string {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(holderFile, 'utf8')) as Record<string, unknown>;
    return `process ${String(pid)} on ${String(host)}, since ${String(since)}`;
  } catch {
    return 'another process';
  }
}
