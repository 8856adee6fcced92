import { createHash } from 'node:crypto';
import { StepError } from '../../engine/index.js';

/** A body that is measured and hashed on its way, and ends with `artifact_too_large` beyond the limit. */
export class MeteredBody implements AsyncIterable<Uint8Array> {
  private readonly hash = createHash('sha256');
  size = 0;

  constructor(
    private readonly body: AsyncIterable<Uint8Array>,
    /** Bytes. */
    private readonly limit: number,
  ) {}

  /** Of everything that went through. Asked once. */
  digest(): Buffer {
    return this.hash.digest();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.body) {
      this.size += chunk.length;
      if (this.size > this.limit) {
        throw new StepError('artifact_too_large', `An artifact may have ${this.limit} bytes (HEDDLE_ARTIFACT_LIMIT).`, {
          retryable: false,
        });
      }
      this.hash.update(chunk);
      yield chunk;
    }
  }
}
