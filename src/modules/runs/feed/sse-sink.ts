import type { SseStream } from '../../../platform/http/sse.js';
import type { DropReason, FeedFrame, FeedSink } from './feed-sink.js';

const DROP_MESSAGES: Readonly<Record<DropReason, string>> = {
  slow_reader: 'the events were not read fast enough; continue from the last id received',
  shutdown: 'the server is shutting down; continue from the last id received',
  internal_error: 'the events could not be read; continue from the last id received',
};

/** A feed over server-sent events. The stream itself bounds how long a reader may stay behind. */
export class SseSink implements FeedSink {
  readonly whenClosed: Promise<void>;

  constructor(private readonly stream: SseStream) {
    this.whenClosed = new Promise((resolve) => {
      if (stream.closed) resolve();
      else stream.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  get closed(): boolean {
    return this.stream.closed;
  }

  send(frame: FeedFrame): boolean {
    return this.stream.send(frame);
  }

  drained(): Promise<void> {
    return this.stream.ready();
  }

  end(): void {
    this.stream.close();
  }

  drop(reason: DropReason): void {
    this.stream.fail(reason, DROP_MESSAGES[reason]);
  }
}
