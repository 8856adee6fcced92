/** Where the content of an artifact is. */
export type StorageKind = 'postgres' | 'directory' | 's3';

/** Bytes of a content, both ends included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A content that is to be kept. */
export interface NewContent {
  /** Drawn for this one content; nothing is ever written twice under it. */
  readonly id: string;
  readonly tenant: string;
  readonly body: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

/**
 * Keeps contents by id. All implementations pass one suite (`content-storage.contract.ts`). They hold a bounded part of a
 * content in memory, whatever its size, and nothing open while whoever gives or takes it is slow.
 */
export interface ContentStorage {
  readonly kind: StorageKind;
  /** Resolves when the whole content is durable. Rejects with whatever the body or the signal ends with; the remains are left to `delete`. */
  write(content: NewContent): Promise<void>;
  /** The bytes of a range that lies within the content. Throws `ContentMissingError`; stops reading when it is returned early. */
  read(id: string, range: ByteRange): AsyncGenerator<Uint8Array, void, undefined>;
  /** Removes a content, also one that was never finished, or is not there. */
  delete(id: string): Promise<void>;
}

/** The content, or a part of it, is not where it should be. */
export class ContentMissingError extends Error {
  override readonly name = 'ContentMissingError';

  constructor(id: string, options?: ErrorOptions) {
    super(`the content ${id} is missing`, options);
  }
}

/** Cuts a stream into pieces of exactly `size` bytes, but for the last. Holds one piece. */
export async function* inPieces(body: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer, void, undefined> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of body) {
    let rest = chunk;
    while (held + rest.length >= size) {
      const taken = rest.subarray(0, size - held);
      yield Buffer.concat([...parts, taken], size);
      rest = rest.subarray(taken.length);
      parts = [];
      held = 0;
    }
    if (rest.length > 0) parts.push(rest);
    held += rest.length;
  }
  if (held > 0) yield Buffer.concat(parts, held);
}
