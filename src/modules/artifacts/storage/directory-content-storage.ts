import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ByteRange, ContentMissingError, type ContentStorage, type NewContent } from './content-storage.js';

/** Contents as files: written beside, made durable, and renamed into place when complete. */
export class DirectoryContentStorage implements ContentStorage {
  readonly kind = 'directory';

  constructor(private readonly directory: string) {}

  async write({ id, body, signal }: NewContent): Promise<void> {
    const path = this.pathOf(id);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(unfinished(path), 'w', 0o600);
    try {
      for await (const chunk of body) {
        signal.throwIfAborted();
        await file.writeFile(chunk);
      }
      signal.throwIfAborted();
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished(path), path);
    await syncDirectory(dirname(path));
  }

  async *read(id: string, { start, end }: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
    if (end < start) return;
    let left = end + 1 - start;
    try {
      for await (const chunk of createReadStream(this.pathOf(id), { start, end })) {
        left -= (chunk as Buffer).length;
        yield chunk as Buffer;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new ContentMissingError(id, { cause: error });
      throw error;
    }
    if (left > 0) throw new ContentMissingError(id);
  }

  async delete(id: string): Promise<void> {
    const path = this.pathOf(id);
    await rm(unfinished(path), { force: true });
    await rm(path, { force: true });
  }

  /** Ids begin with the time, so their ends spread the files over directories. */
  private pathOf(id: string): string {
    return join(this.directory, id.slice(-2), id);
  }
}

function unfinished(path: string): string {
  return `${path}.part`;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
