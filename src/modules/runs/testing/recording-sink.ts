import type { DropReason, FeedFrame, FeedSink } from '../feed/feed-sink.js';

/** A peer that keeps what it is sent, and can be made to read no further. */
export class RecordingSink implements FeedSink {
  readonly frames: FeedFrame[] = [];
  readonly whenClosed: Promise<void>;
  outcome: 'open' | 'ended' | 'left' | DropReason = 'open';
  /** Frames taken before the buffer counts as full; `resume` takes the limit away. */
  capacity = Infinity;
  private close!: () => void;
  private waiting: (() => void)[] = [];

  constructor() {
    this.whenClosed = new Promise((resolve) => (this.close = resolve));
  }

  get closed(): boolean {
    return this.outcome !== 'open';
  }

  get ids(): string[] {
    return this.frames.map((frame) => frame.id);
  }

  send(frame: FeedFrame): boolean {
    this.frames.push(frame);
    return this.frames.length < this.capacity;
  }

  async drained(): Promise<void> {
    if (this.closed || this.frames.length < this.capacity) return;
    await Promise.race([new Promise<void>((resolve) => this.waiting.push(resolve)), this.whenClosed]);
  }

  resume(): void {
    this.capacity = Infinity;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  leave(): void {
    this.finish('left');
  }

  end(): void {
    this.finish('ended');
  }

  drop(reason: DropReason): void {
    this.finish(reason);
  }

  private finish(outcome: RecordingSink['outcome']): void {
    if (this.closed) return;
    this.outcome = outcome;
    this.close();
  }
}
