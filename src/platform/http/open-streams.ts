import { Injectable } from '@nestjs/common';

/** Every long answer that is open (SSE, WebSocket), so that a shutdown can end them all instead of waiting for their clients. */
@Injectable()
export class OpenStreams {
  private readonly closers = new Set<() => void>();

  get size(): number {
    return this.closers.size;
  }

  /** Registers how to end one stream; returns how to forget it. */
  add(close: () => void): () => void {
    this.closers.add(close);
    return () => this.closers.delete(close);
  }

  closeAll(): void {
    for (const close of [...this.closers]) close();
  }
}
