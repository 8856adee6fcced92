import { egressError } from './egress.errors.js';

/** One signal for a caller's abort and a time limit. `end()` must be called, or the caller's signal keeps a listener. */
export class Deadline {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly onAbort = (): void => this.controller.abort(this.parent?.reason);

  constructor(
    private readonly limitMs: number,
    private readonly parent: AbortSignal | undefined,
  ) {
    this.timer = setTimeout(() => this.controller.abort(egressError('timeout', `no complete answer within ${this.limitMs} ms`)), limitMs);
    if (parent?.aborted === true) this.onAbort();
    else parent?.addEventListener('abort', this.onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  end(): void {
    clearTimeout(this.timer);
    this.parent?.removeEventListener('abort', this.onAbort);
  }
}
