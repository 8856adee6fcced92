import type { EngineLogger } from '../ports/logger.js';

/** Those who want to know of something. A listener that throws is logged and keeps nobody else from hearing. */
export class Listeners<Args extends readonly unknown[]> {
  private readonly listeners = new Set<(...args: Args) => void>();

  constructor(
    private readonly what: string,
    private readonly logger: EngineLogger,
  ) {}

  /** Returns the unsubscriber. */
  add(listener: (...args: Args) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(...args: Args): void {
    for (const listener of this.listeners) {
      try {
        listener(...args);
      } catch (error) {
        this.logger.error({ err: error, what: this.what }, 'a listener failed');
      }
    }
  }
}
