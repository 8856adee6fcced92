import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { ShutdownRegistry } from '../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../platform/logging/index.js';
import { EntryStore } from './entry.store.js';
import { SessionStore } from './session.store.js';
import { SessionTurns } from './session-turns.js';

const EVERY_MS = 2_000;
/** Every so many looks also at what has expired. */
const TIDY_EVERY = 15;
const BATCH = 1_000;

/** Frees sessions whose turn died with its run, and deletes what has expired. On every worker: each does what it finds. */
@Injectable()
export class MemoryLoop implements OnApplicationBootstrap {
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> | null = null;
  private looks = 0;

  constructor(
    private readonly turns: SessionTurns,
    private readonly sessions: SessionStore,
    private readonly entries: EntryStore,
    private readonly shutdown: ShutdownRegistry,
    @Inject(CONFIG) private readonly config: HeddleConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.role === 'api') return;
    this.timer = setInterval(() => {
      this.looking ??= this.look().finally(() => (this.looking = null));
    }, EVERY_MS).unref();
    this.shutdown.register('stop-work', 'memory', async () => {
      if (this.timer !== null) clearInterval(this.timer);
      await this.looking;
    });
  }

  private async look(): Promise<void> {
    try {
      await this.turns.releaseEnded();
      this.looks += 1;
      if (this.looks % TIDY_EVERY === 0) await this.tidy();
    } catch (error) {
      this.logger.warn({ err: error }, 'could not look after the memory of agents');
    }
  }

  private async tidy(): Promise<void> {
    await all((limit) => this.turns.forgetDone(limit));
    await all((limit) => this.sessions.deleteExpired(limit));
    await all((limit) => this.entries.deleteExpired(limit));
  }
}

async function all(some: (limit: number) => Promise<number>): Promise<void> {
  while ((await some(BATCH)) === BATCH);
}
