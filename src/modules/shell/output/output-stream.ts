import type { Readable } from 'node:stream';
import { KeptText } from './kept-text.js';
import type { LiveLines } from './live-lines.js';
import { SecretMask } from './secret-mask.js';

/**
 * One output of a process: decoded, masked, kept up to a limit and told line by line. It is read to its end whatever of it is
 * kept, so that a process never waits for a reader.
 */
export class OutputStream {
  private readonly kept: KeptText;
  /** Settles when the stream is over, however it ended. */
  readonly ended: Promise<void>;

  constructor(stream: Readable, limit: number, secrets: readonly string[], lines: LiveLines) {
    this.kept = new KeptText(limit);
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const mask = new SecretMask(secrets);
    const take = (text: string): void => {
      if (text === '') return;
      this.kept.push(text);
      lines.push(text);
    };
    stream.on('data', (chunk: Uint8Array) => take(mask.push(decoder.decode(chunk, { stream: true }))));
    stream.on('error', () => stream.destroy());
    this.ended = new Promise((resolve) => {
      stream.once('close', () => {
        take(mask.push(decoder.decode()) + mask.end());
        lines.end();
        resolve();
      });
    });
  }

  get truncated(): boolean {
    return this.kept.truncated;
  }

  text(): string {
    return this.kept.text();
  }
}
