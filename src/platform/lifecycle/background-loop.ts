import type { Logger } from '../logging/index.js';

export interface BackgroundLoopOptions {
  /** For the log. */
  readonly name: string;
  readonly logger: Logger;
  /** One round; answers after how many milliseconds the next begins, unless it is woken before. 0 goes on at once. */
  readonly round: () => Promise<number>;
  /** The least pause between two rounds, also when woken; a round that answers 0 is followed at once. */
  readonly gapMs?: number;
  /** The pause after a round that failed. */
  readonly retryMs?: number;
}

/** Work that comes back: round after round until it is stopped, never two at a time. A wake-up during a round makes another at once. */
export class BackgroundLoop {
  private running: Promise<void> | null = null;
  private stopped = false;
  private woken = false;
  private wakeSleeper: (() => void) | null = null;

  constructor(private readonly options: BackgroundLoopOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  wake(): void {
    this.woken = true;
    this.wakeSleeper?.();
  }

  /** No round begins any more; settles when the last one is over. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wakeSleeper?.();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      this.woken = false;
      await this.sleep(await this.round());
    }
  }

  private async round(): Promise<number> {
    const { name, logger, round, retryMs = 1_000 } = this.options;
    try {
      return await round();
    } catch (error) {
      logger.warn({ loop: name, err: error }, 'a background round failed, will try again');
      return retryMs;
    }
  }

  private async sleep(ms: number): Promise<void> {
    if (ms <= 0 || this.stopped) return;
    const gapMs = Math.min(ms, this.options.gapMs ?? 0);
    if (gapMs > 0) await new Promise((resolve) => setTimeout(resolve, gapMs));
    await this.rest(ms - gapMs);
  }

  private async rest(ms: number): Promise<void> {
    if (ms <= 0 || this.woken || this.stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeSleeper = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wakeSleeper = null;
  }
}
