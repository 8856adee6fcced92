import { type ByteRange, ContentMissingError, type ContentStorage, inPieces, type NewContent } from './content-storage.js';
import { S3Client, type S3Config, S3Error } from './s3-client.js';

/** S3 takes 10,000 parts of at least 5 MiB. One part is in memory at a time. */
const PART_BYTES = 8 * 1024 * 1024;

/** Contents as objects of a bucket; those of more than one part are uploaded in parts. */
export class S3ContentStorage implements ContentStorage {
  readonly kind = 's3';
  private readonly client: S3Client;
  private readonly prefix: string;

  constructor(config: S3Config) {
    this.client = new S3Client(config);
    this.prefix = config.prefix;
  }

  async write({ id, body, signal }: NewContent): Promise<void> {
    const pieces = inPieces(body, PART_BYTES);
    try {
      const first = (await pieces.next()).value ?? Buffer.alloc(0);
      signal.throwIfAborted();
      if (first.length < PART_BYTES) await this.put(id, first, signal);
      else await this.upload(id, first, pieces, signal);
    } finally {
      await pieces.return();
    }
  }

  async *read(id: string, { start, end }: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
    if (end < start) return;
    const answer = await this.open(id, `bytes=${start}-${end}`);
    let left = end + 1 - start;
    for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      left -= chunk.length;
      yield chunk;
    }
    if (left !== 0) throw new ContentMissingError(id);
  }

  async delete(id: string): Promise<void> {
    const key = this.keyOf(id);
    await discard(await this.client.send({ method: 'DELETE', key }, [200, 204, 404]));
    const listed = await this.client.send({ method: 'GET', key: null, query: { uploads: '', prefix: key } }, [200, 404]);
    for (const [, upload] of (await listed.text()).matchAll(/<UploadId>([^<]+)<\/UploadId>/g))
      await this.abort(key, unescapeXml(upload ?? ''));
  }

  private async put(id: string, content: Buffer, signal: AbortSignal): Promise<void> {
    await discard(await this.client.send({ method: 'PUT', key: this.keyOf(id), body: content, signal }, [200]));
  }

  private async upload(id: string, first: Buffer, rest: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    const key = this.keyOf(id);
    const started = await this.client.send({ method: 'POST', key, query: { uploads: '' }, signal }, [200]);
    const uploadId = unescapeXml(/<UploadId>([^<]+)<\/UploadId>/.exec(await started.text())?.[1] ?? '');
    if (uploadId === '') throw new S3Error(`POST ${key}: the answer names no upload`, started.status);
    try {
      const tags = [await this.part(key, uploadId, 1, first, signal)];
      for await (const piece of rest) tags.push(await this.part(key, uploadId, tags.length + 1, piece, signal));
      await this.complete(key, uploadId, tags, signal);
    } catch (error) {
      // What is left over is found again when the content is deleted.
      await this.abort(key, uploadId).catch(() => undefined);
      throw error;
    }
  }

  private async part(key: string, uploadId: string, number: number, body: Buffer, signal: AbortSignal): Promise<string> {
    const answer = await this.client.send({ method: 'PUT', key, query: { partNumber: String(number), uploadId }, body, signal }, [200]);
    await discard(answer);
    const tag = answer.headers.get('etag');
    if (tag === null) throw new S3Error(`PUT ${key}: the answer has no ETag`, answer.status);
    return tag;
  }

  private async complete(key: string, uploadId: string, tags: readonly string[], signal: AbortSignal): Promise<void> {
    const parts = tags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escapeXml(tag)}</ETag></Part>`).join('');
    const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts}</CompleteMultipartUpload>`;
    const headers = { 'Content-Type': 'application/xml' };
    const answer = await this.client.send({ method: 'POST', key, query: { uploadId }, headers, body, signal }, [200]);
    // Amazon begins to answer before it knows, so a failure can come as a 200.
    if (/<Error>/.test(await answer.text())) throw new S3Error(`POST ${key}: the parts could not be joined`, 500);
  }

  private async abort(key: string, uploadId: string): Promise<void> {
    await discard(await this.client.send({ method: 'DELETE', key, query: { uploadId } }, [200, 204, 404]));
  }

  private async open(id: string, range: string): Promise<Response> {
    try {
      return await this.client.send({ method: 'GET', key: this.keyOf(id), headers: { Range: range } }, [206]);
    } catch (error) {
      if (error instanceof S3Error && (error.status === 404 || error.status === 416)) throw new ContentMissingError(id, { cause: error });
      throw error;
    }
  }

  private keyOf(id: string): string {
    return `${this.prefix}${id}`;
  }
}

/** An answer that is not read keeps its connection. */
async function discard(answer: Response): Promise<void> {
  await answer.body?.cancel();
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function unescapeXml(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
