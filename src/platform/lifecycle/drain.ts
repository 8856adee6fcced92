import { Injectable } from '@nestjs/common';

/**
 * Whether the process still takes new work, and what must end when it no longer does. The HTTP edge answers 503 while
 * `draining`; long-lived answers (streams, sockets) register how they are closed.
 */
@Injectable()
export class Drain {
  private begun = false;
  private readonly closers = new Set<() => void>();

  get draining(): boolean {
    return this.begun;
  }

  /** `close` is called once when draining begins, at once if it has. Returns the function that forgets it. */
  register(close: () => void): () => void {
    if (this.begun) {
      close();
      return () => {};
    }
    this.closers.add(close);
    return () => {
      this.closers.delete(close);
    };
  }

  begin(): void {
    if (this.begun) return;
    this.begun = true;
    for (const close of this.closers) close();
    this.closers.clear();
  }
}
