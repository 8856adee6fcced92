/** One message of a feed, before a transport dresses it. */
export interface FeedFrame {
  /** Where a reader that has seen this frame goes on. */
  readonly id: string;
  /** Absent: a plain message. */
  readonly event?: string;
  readonly data: object;
}

/** Why a feed ends before its end: shown to the peer. */
export type DropReason = 'slow_reader' | 'shutdown' | 'internal_error';

/**
 * The far end of a feed: one SSE answer or one WebSocket. A feed sends until `send` says false, then waits for
 * `drained`, so no transport ever buffers more than its mark plus one frame.
 */
export interface FeedSink {
  readonly closed: boolean;
  /** Settles when the peer is gone or the sink has been ended. */
  readonly whenClosed: Promise<void>;
  /** Hands one frame over; false when the peer's buffer is full. */
  send(frame: FeedFrame): boolean;
  /** Settles when the peer has caught up, or when it was dropped as too slow; then `closed` is true. */
  drained(): Promise<void>;
  /** Ends the feed because everything was said. */
  end(): void;
  drop(reason: DropReason): void;
}

/** Sends a batch with the peer's pace. False when the peer is gone. */
export async function sendAll(sink: FeedSink, frames: Iterable<FeedFrame> | AsyncIterable<FeedFrame>): Promise<boolean> {
  for await (const frame of frames) {
    if (sink.closed) return false;
    if (!sink.send(frame)) await sink.drained();
  }
  return !sink.closed;
}
