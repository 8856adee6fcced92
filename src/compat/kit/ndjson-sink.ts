import type { ServerResponse } from 'node:http';
import type { DropReason, FeedFrame, FeedSink } from '../../modules/runs/index.js';
import type { EdgeRequest } from '../../platform/http/edge-request.js';

/** How long a reader may take nothing at all. */
const SLOW_MS = 10_000;

/** A feed as lines of JSON (`application/x-ndjson`). `lastLine` is what is said when it breaks off. */
export class NdjsonSink implements FeedSink {
  readonly whenClosed: Promise<void>;
  private over = false;

  constructor(
    request: Pick<EdgeRequest, 'drain'>,
    private readonly response: ServerResponse,
    private readonly lastLine: (reason: DropReason) => object,
  ) {
    response.statusCode = 200;
    response.setHeader('Content-Type', 'application/x-ndjson');
    response.setHeader('Cache-Control', 'no-cache, no-transform');
    response.setHeader('X-Accel-Buffering', 'no');
    response.flushHeaders();
    const forget = request.drain?.register(() => this.drop('shutdown'));
    this.whenClosed = new Promise((resolve) => {
      response.once('close', () => {
        this.over = true;
        forget?.();
        resolve();
      });
    });
  }

  get closed(): boolean {
    return this.over;
  }

  send({ data }: FeedFrame): boolean {
    return !this.over && this.response.write(`${JSON.stringify(data)}\n`);
  }

  async drained(): Promise<void> {
    if (this.over || !this.response.writableNeedDrain) return;
    const { promise: written, resolve } = Promise.withResolvers<void>();
    this.response.once('drain', resolve);
    const timer = setTimeout(() => this.drop('slow_reader'), SLOW_MS);
    await Promise.race([written, this.whenClosed]);
    clearTimeout(timer);
    this.response.off('drain', resolve);
  }

  end(): void {
    if (this.over) return;
    this.over = true;
    this.response.end();
  }

  drop(reason: DropReason): void {
    if (this.over) return;
    this.response.write(`${JSON.stringify(this.lastLine(reason))}\n`);
    this.end();
    // A reader that reads nothing never takes the last line.
    setTimeout(() => this.response.destroy(), SLOW_MS).unref();
  }
}
