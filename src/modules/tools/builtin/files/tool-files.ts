import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../../../config/index.js';
import { StepError } from '../../../../engine/index.js';
import { segmentsOf, UNFINISHED } from './file-path.js';

const MIB = 1024 * 1024;
export const MAX_FILE_BYTES = 10 * MIB;
const MAX_TENANT_BYTES = 256 * MIB;
const MAX_TENANT_FILES = 10_000;
const DIRECTORY = 'tool-files';

/**
 * Files of tools: one directory per tenant and server, `HEDDLE_DATA_DIR/tool-files/<tenant>`. Nothing outside of it is read or
 * written, whatever a path says and whatever links somebody puts there: links are not followed, neither soft nor hard ones, and
 * only plain files are opened.
 */
@Injectable()
export class ToolFiles {
  constructor(@Inject(CONFIG) private readonly config: HeddleConfig) {}

  /** Throws `StepError`: `invalid_path`, `file_not_found`, `not_a_file`, `too_large`. */
  async read(tenant: string, path: string): Promise<Buffer> {
    const segments = segmentsOf(path);
    const name = segments.at(-1) as string;
    const directory = await this.directory(tenant, segments.slice(0, -1), false);
    const file = await open(join(directory, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(refuse);
    try {
      const about = await file.stat();
      if (!about.isFile() || about.nlink !== 1) throw notAFile();
      // The directory is looked at again, so that one that was swapped meanwhile is noticed: what was opened must be what is there.
      const there = await lstat(join(await this.directory(tenant, segments.slice(0, -1), false), name)).catch(refuse);
      if (there.ino !== about.ino || there.dev !== about.dev) throw notAFile();
      if (about.size > MAX_FILE_BYTES) throw tooLarge();
      return await file.readFile();
    } finally {
      await file.close();
    }
  }

  /** Replaces what is there, at once and whole. Throws `StepError`: `invalid_path`, `not_a_file`, `too_large`, `quota_exceeded`. */
  async write(tenant: string, path: string, content: Buffer): Promise<void> {
    if (content.length > MAX_FILE_BYTES) throw tooLarge();
    const segments = segmentsOf(path);
    const directory = await this.directory(tenant, segments.slice(0, -1), true);
    const target = join(directory, segments.at(-1) as string);
    const present = await lstat(target).catch(() => null);
    if (present !== null && !present.isFile()) throw notAFile();
    await this.refuseTooMuch(tenant, content.length, present?.size ?? 0);
    const unfinished = join(directory, `${UNFINISHED}${randomUUID()}`);
    try {
      const file = await open(unfinished, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600).catch(
        refuse,
      );
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      // A rename replaces a link that is there instead of following it.
      await rename(unfinished, target);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  /** The real directory of these segments. Each on the way is a directory and no link. */
  private async directory(tenant: string, segments: readonly string[], create: boolean): Promise<string> {
    const root = join(this.config.dataDir, DIRECTORY, tenant);
    await mkdir(root, { recursive: true, mode: 0o700 });
    let directory = await realpath(root);
    for (const segment of segments) {
      directory = join(directory, segment);
      if (create) await mkdir(directory, { mode: 0o700 }).catch(ignoreExisting);
      if (!(await lstat(directory).catch(refuse)).isDirectory())
        throw new StepError('invalid_path', 'the path leads over something that is no directory', { retryable: false });
    }
    if ((await realpath(directory)) !== directory) throw new StepError('invalid_path', 'the path leads over a link', { retryable: false });
    return directory;
  }

  private async refuseTooMuch(tenant: string, added: number, replaced: number): Promise<void> {
    let bytes = added - replaced;
    let files = 1;
    const root = join(this.config.dataDir, DIRECTORY, tenant);
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      files += 1;
      bytes += (await lstat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
    }
    if (bytes > MAX_TENANT_BYTES || files > MAX_TENANT_FILES) {
      throw new StepError('quota_exceeded', `the files of a tenant may be ${MAX_TENANT_FILES} with ${MAX_TENANT_BYTES} bytes in all`, {
        retryable: false,
      });
    }
  }
}

function refuse(error: unknown): never {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') throw new StepError('file_not_found', 'there is no such file', { retryable: false });
  if (code === 'ELOOP' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'ENXIO') throw notAFile();
  throw error;
}

function ignoreExisting(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}

function notAFile(): StepError {
  return new StepError('not_a_file', 'that is no plain file', { retryable: false });
}

function tooLarge(): StepError {
  return new StepError('too_large', `files may have ${MAX_FILE_BYTES} bytes`, { retryable: false });
}
