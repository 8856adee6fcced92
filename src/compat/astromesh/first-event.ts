import type { RunEvent } from '../../engine/index.js';
import type { FeedSink } from '../../modules/runs/index.js';

/** The far end of a feed of events that is over with the first one, or when the caller leaves. */
export class FirstEvent implements FeedSink {
  closed = false;
  /** Null when the feed ended, or the caller left, before there was one. */
  event: RunEvent | null = null;
  readonly whenClosed: Promise<void>;
  private readonly settle: () => void;

  constructor(caller: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.whenClosed = promise;
    this.settle = resolve;
    if (caller.aborted) this.end();
    else caller.addEventListener('abort', () => this.end(), { once: true });
  }

  send({ data }: { readonly data: object }): boolean {
    this.event ??= data as RunEvent;
    this.end();
    return false;
  }

  drained(): Promise<void> {
    return this.whenClosed;
  }

  end(): void {
    this.closed = true;
    this.settle();
  }

  drop(): void {
    this.end();
  }
}
