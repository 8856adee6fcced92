import { Global, Injectable, Logger, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { IdempotencyStore } from './idempotency.store.js';
import { OpenStreams } from './open-streams.js';
import { PermissionGuard } from './permission.guard.js';
import { ProblemFilter } from './problem.filter.js';
import { RateLimiter } from './rate-limiter.js';
import { StrictValidationPipe } from './validation.pipe.js';

const CLEANUP_EVERY_MS = 10 * 60_000;

/** Deletes expired idempotency keys now and then; several nodes doing so at once skip each other's rows. */
@Injectable()
class IdempotencyCleanup implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('idempotency');
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly store: IdempotencyStore) {}

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
      this.logger.warn({ msg: 'could not delete expired idempotency keys', err: error });
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
    OpenStreams,
    PermissionGuard,
    ProblemFilter,
    StrictValidationPipe,
  ],
  exports: [RateLimiter, IdempotencyStore, IdempotencyInterceptor, OpenStreams],
})
export class HttpModule {}
