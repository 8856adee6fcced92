import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { LOGGER, type Logger } from '../logging/index.js';
import { Drain } from './drain.js';
import { ShutdownRegistry } from './shutdown-registry.js';

const STOP_ACCEPTING_MS = 2_000;
const STOP_WORK_MS = 10_000;
const CLOSE_MS = 10_000;

/**
 * The process from start to end. Closing the application ends its work first, phase by phase; then Nest closes the HTTP
 * server, and only then the database goes (`onApplicationShutdown`).
 */
@Injectable()
export class Lifecycle implements OnModuleDestroy {
  private started = false;
  private ending: Promise<void> | null = null;

  constructor(
    private readonly drain: Drain,
    private readonly registry: ShutdownRegistry,
    @Inject(CONFIG) private readonly config: HeddleConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Why the process is not ready for reasons of its own; null when it is. */
  get unready(): string | null {
    if (this.drain.draining) return 'the server is shutting down';
    return this.started ? null : 'the server is starting';
  }

  /** Everything is loaded and the server listens. */
  markStarted(): void {
    this.started = true;
  }

  onModuleDestroy(): Promise<void> {
    return this.shutdown('the application closes');
  }

  /** Ends the process's work in order: drain, then abort. What follows a first call waits for it. */
  shutdown(reason: string): Promise<void> {
    this.ending ??= this.end(reason);
    return this.ending;
  }

  private async end(reason: string): Promise<void> {
    this.logger.info({ reason, drain_ms: this.config.shutdown.drainMs }, 'shutting down');
    this.drain.begin();
    await this.registry.run('stop-accepting', STOP_ACCEPTING_MS);
    await this.registry.run('drain', this.config.shutdown.drainMs);
    await this.registry.run('stop-work', STOP_WORK_MS);
    await this.registry.run('close', CLOSE_MS);
  }
}
