import { WebSocket } from 'ws';
import type { DropReason, FeedFrame, FeedSink } from './feed-sink.js';

export interface WsLimits {
  /** Bytes that may wait for a peer before it counts as behind. */
  readonly bufferBytes: number;
  /** How long a peer that is behind may take nothing at all. */
  readonly slowMs: number;
  /** How often a peer is pinged; one that leaves a ping unanswered until the next is gone. */
  readonly pingMs: number;
}

const LIMITS: WsLimits = { bufferBytes: 1024 * 1024, slowMs: 10_000, pingMs: 15_000 };

const CLOSE_DONE = 1000;
const CLOSE_CODES: Readonly<Record<DropReason, number>> = { slow_reader: 1013, shutdown: 1001, internal_error: 1011 };

/** A feed over a WebSocket: one JSON text message per frame. */
export class WsSink implements FeedSink {
  readonly whenClosed: Promise<void>;
  private over = false;
  private alive = true;
  private readonly pinger: NodeJS.Timeout;

  constructor(
    private readonly socket: WebSocket,
    /** What of a frame goes into the message. */
    private readonly body: (frame: FeedFrame) => object = (frame) => frame.data,
    private readonly limits: WsLimits = LIMITS,
  ) {
    this.over = socket.readyState !== WebSocket.OPEN;
    this.whenClosed = new Promise((resolve) => {
      if (this.over) resolve();
      socket.once('close', () => {
        this.over = true;
        clearInterval(this.pinger);
        resolve();
      });
    });
    socket.on('error', () => socket.terminate());
    socket.on('pong', () => (this.alive = true));
    this.pinger = setInterval(() => this.ping(), limits.pingMs);
    if (this.over) clearInterval(this.pinger);
  }

  get closed(): boolean {
    return this.over;
  }

  send(frame: FeedFrame): boolean {
    if (this.over) return false;
    this.socket.send(JSON.stringify(this.body(frame)));
    return this.socket.bufferedAmount <= this.limits.bufferBytes;
  }

  async drained(): Promise<void> {
    while (!this.over && this.socket.bufferedAmount > this.limits.bufferBytes / 2) {
      const before = this.socket.bufferedAmount;
      await this.progress();
      if (!this.over && this.socket.bufferedAmount >= before) this.drop('slow_reader');
    }
  }

  /** Settles when something was written, the peer is gone, or neither came to pass in time. */
  private async progress(): Promise<void> {
    const { promise: written, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.limits.slowMs);
    // Written in order: when the ping is, so is every frame before it.
    this.socket.ping(undefined, undefined, () => resolve());
    await Promise.race([written, this.whenClosed]);
    clearTimeout(timer);
  }

  end(): void {
    this.close(CLOSE_DONE, 'the log is complete');
  }

  drop(reason: DropReason): void {
    this.close(CLOSE_CODES[reason], reason);
  }

  private close(code: number, reason: string): void {
    if (this.over) return;
    this.over = true;
    clearInterval(this.pinger);
    this.socket.close(code, reason);
    // A peer that reads nothing never answers the closing handshake.
    setTimeout(() => this.socket.terminate(), this.limits.slowMs).unref();
  }

  private ping(): void {
    if (!this.alive) return this.socket.terminate();
    this.alive = false;
    this.socket.ping();
  }
}
