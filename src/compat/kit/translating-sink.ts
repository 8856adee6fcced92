import type { DropReason, FeedFrame, FeedSink } from '../../modules/runs/index.js';

/** A sink that says each frame in other words: in none, one or several. */
export class TranslatingSink implements FeedSink {
  constructor(
    private readonly inner: FeedSink,
    private readonly translate: (frame: FeedFrame) => readonly FeedFrame[],
  ) {}

  get closed(): boolean {
    return this.inner.closed;
  }

  get whenClosed(): Promise<void> {
    return this.inner.whenClosed;
  }

  send(frame: FeedFrame): boolean {
    let roomy = true;
    for (const translated of this.translate(frame)) roomy = this.inner.send(translated);
    return roomy;
  }

  drained(): Promise<void> {
    return this.inner.drained();
  }

  end(): void {
    this.inner.end();
  }

  drop(reason: DropReason): void {
    this.inner.drop(reason);
  }
}
