import { Global, Inject, Injectable, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { LOGGER, type Logger } from '../logging/index.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { IdempotencyStore } from './idempotency.store.js';
import { PermissionGuard } from './permission.guard.js';
import { ProblemFilter } from './problem.filter.js';
import { RateLimiter } from './rate-limiter.js';
import { StrictValidationPipe } from './validation.pipe.js';

const CLEANUP_EVERY_MS = 10 * 60_000;

/** Deletes expired idempotency keys now and then; several nodes doing so at once skip each other's rows. */
@Injectable()
class IdempotencyCleanup implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: IdempotencyStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.clean(), CLEANUP_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private async clean(): Promise<void> {
    try {
      await this.store.deleteExpired();
    } catch (error) {
      this.logger.warn({ err: error }, 'could not delete expired idempotency keys');
    }
  }
}

/** The edge's shared pieces. `setupHttp()` puts them in front of an application's routes. */
@Global()
@Module({
  providers: [
    { provide: RateLimiter, useFactory: () => new RateLimiter() },
    IdempotencyStore,
    IdempotencyInterceptor,
    IdempotencyCleanup,
    PermissionGuard,
    ProblemFilter,
    StrictValidationPipe,
  ],
  exports: [RateLimiter, IdempotencyStore, IdempotencyInterceptor],
})
export class HttpModule {}
