import { randomBytes } from 'node:crypto';
import { setTimeout as after } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { expect, it } from 'vitest';
import { ContentMissingError, type ContentStorage } from './content-storage.js';

const MEBIBYTE = 1024 * 1024;

/** What every storage does. `begin` notes a content before it is written, as the application does. */
export function contentStorageContract(storage: () => ContentStorage, begin: (id: string) => Promise<void>): void {
  async function write(chunks: readonly Uint8Array[] | AsyncIterable<Uint8Array>, signal = new AbortController().signal): Promise<string> {
    const id = uuidv7();
    await begin(id);
    await storage().write({ id, tenant: 'default', body: Symbol.asyncIterator in chunks ? chunks : each(chunks), signal });
    return id;
  }

  async function read(id: string, start: number, end: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of storage().read(id, { start, end })) parts.push(part);
    return Buffer.concat(parts);
  }

  it.each([0, 1, 1_000, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 3 * MEBIBYTE])(
    'gives back what it was given, %i bytes',
    async (size) => {
      const content = randomBytes(size);
      const id = await write([content]);
      expect((await read(id, 0, size - 1)).equals(content)).toBe(true);
    },
  );

  it('takes chunks of any size, empty ones too', async () => {
    const content = randomBytes(600_000);
    const id = await write([content.subarray(0, 1), Buffer.alloc(0), content.subarray(1, 300_000), content.subarray(300_000)]);
    expect((await read(id, 0, content.length - 1)).equals(content)).toBe(true);
  });

  it('gives any range', async () => {
    const content = randomBytes(2 * MEBIBYTE);
    const id = await write([content]);
    const K256 = 256 * 1024;
    for (const [start, end] of [
      [0, 0],
      [5, 9],
      [K256 - 1, K256],
      [K256, 2 * K256 - 1],
      [1, content.length - 1],
      [content.length - 1, content.length - 1],
    ] as const) {
      expect((await read(id, start, end)).equals(content.subarray(start, end + 1)), `${start}-${end}`).toBe(true);
    }
  });

  it('keeps contents of many parts, at the pace of their source and with little of them in memory', async () => {
    const block = randomBytes(MEBIBYTE);
    const total = 20;
    let made = 0;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (; made < total; made += 1) {
        await after(0);
        yield block;
      }
    };
    const id = await write(source());
    expect(made).toBe(total);
    let seen = 0;
    for await (const part of storage().read(id, { start: 0, end: total * MEBIBYTE - 1 })) {
      expect(part.length).toBeLessThanOrEqual(MEBIBYTE);
      expect(Buffer.from(part).equals(sliceOf(block, seen % MEBIBYTE, part.length))).toBe(true);
      seen += part.length;
    }
    expect(seen).toBe(total * MEBIBYTE);
  });

  it('reads on only when asked to', async () => {
    const id = await write([randomBytes(MEBIBYTE), randomBytes(MEBIBYTE)]);
    const parts = storage().read(id, { start: 0, end: 2 * MEBIBYTE - 1 });
    expect((await parts.next()).done).toBe(false);
    await parts.return();
    expect((await parts.next()).done).toBe(true);
  });

  it('fails with its source, and with what it is stopped for', async () => {
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield randomBytes(300_000);
      throw new Error('the pipe broke');
    };
    await expect(write(failing())).rejects.toThrow('the pipe broke');
    const stop = new AbortController();
    let closed = false;
    const stopped = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (let sent = 0; sent < 100; sent += 1) {
          if (sent === 1) stop.abort(new Error('cancelled'));
          yield randomBytes(300_000);
        }
      } finally {
        closed = true;
      }
    };
    await expect(write(stopped(), stop.signal)).rejects.toThrow('cancelled');
    expect(closed).toBe(true);
  });

  it('forgets what is deleted, finished or not, and does not mind what is not there', async () => {
    const id = await write([randomBytes(700_000)]);
    await storage().delete(id);
    await storage().delete(id);
    await expect(read(id, 0, 10)).rejects.toThrow(ContentMissingError);
    const unfinished = uuidv7();
    await begin(unfinished);
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield randomBytes(9 * MEBIBYTE);
      throw new Error('broken');
    };
    const { signal } = new AbortController();
    await expect(storage().write({ id: unfinished, tenant: 'default', body: broken(), signal })).rejects.toThrow('broken');
    await storage().delete(unfinished);
    await expect(read(unfinished, 0, 10)).rejects.toThrow(ContentMissingError);
  });
}

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** Of a block that repeats. */
function sliceOf(block: Buffer, start: number, length: number): Buffer {
  return start + length <= block.length
    ? block.subarray(start, start + length)
    : Buffer.concat([block.subarray(start), block.subarray(0, start + length - block.length)]);
}
