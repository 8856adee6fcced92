import { Global, Inject, Injectable, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Response } from 'express';
import { LOGGER, type Logger } from '../logging/index.js';
import { sendProblem } from './edge-answer.js';
import type { EdgeRequest } from './edge-request.js';
import { IdempotencyGuard } from './idempotency.guard.js';
import { IdempotencyStore } from './idempotency.store.js';
import { PermissionGuard } from './permission.guard.js';
import { ProblemFilter } from './problem.filter.js';
import { RateLimiter } from './rate-limiter.js';
import { unmatchedRoute } from './unmatched-route.js';

const CLEANUP_EVERY_MS = 10 * 60_000;

/**
 * Nest answers for unknown paths below the global prefix only; what is outside of it and nobody's falls through to here. Runs when
 * every route is in place.
 */
@Injectable()
class UnmatchedPaths implements OnApplicationBootstrap {
  constructor(private readonly host: HttpAdapterHost) {}

  onApplicationBootstrap(): void {
    this.host.httpAdapter?.use((request: EdgeRequest, response: Response) =>
      sendProblem(request, response, unmatchedRoute(request, response)),
    );
  }
}

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
    IdempotencyGuard,
    IdempotencyCleanup,
    PermissionGuard,
    ProblemFilter,
    UnmatchedPaths,
  ],
  exports: [RateLimiter, IdempotencyStore, IdempotencyGuard],
})
export class HttpModule {}
