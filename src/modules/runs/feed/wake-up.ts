/**
 * A wake-up that cannot be lost: a `notify` between two waits makes the next wait return at once.
 * One waiter at a time.
 */
export class WakeUp {
  private pending = false;
  private resolve: ((notified: boolean) => void) | undefined;

  notify(): void {
    if (this.resolve === undefined) {
      this.pending = true;
      return;
    }
    const resolve = this.resolve;
    this.resolve = undefined;
    resolve(true);
  }

  /** True when notified, false when the time was over. */
  async wait(timeoutMs: number): Promise<boolean> {
    if (this.pending) {
      this.pending = false;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.resolve = resolve;
    const timer = setTimeout(() => {
      this.resolve = undefined;
      resolve(false);
    }, timeoutMs);
    const notified = await promise;
    clearTimeout(timer);
    return notified;
  }
}

/** A duration drawn from ±25 % around `ms`, so that polls of many waiters do not meet. */
export function jittered(ms: number): number {
  return ms * (0.75 + Math.random() / 2);
}
