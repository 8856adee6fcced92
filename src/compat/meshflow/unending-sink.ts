import type { DropReason, FeedFrame, FeedSink } from '../../modules/runs/index.js';

/** A sink that stays open when everything was said, as clients of `/events` expect. It closes when they leave. */
export class UnendingSink implements FeedSink {
  constructor(private readonly inner: FeedSink) {}

  get closed(): boolean {
    return this.inner.closed;
  }

  get whenClosed(): Promise<void> {
    return this.inner.whenClosed;
  }

  send(frame: FeedFrame): boolean {
    return this.inner.send(frame);
  }

  drained(): Promise<void> {
    return this.inner.drained();
  }

  end(): void {}

  drop(reason: DropReason): void {
    this.inner.drop(reason);
  }
}
