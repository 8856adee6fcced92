import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import { ShutdownRegistry } from '../../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../../platform/logging/index.js';
import { BudgetStore } from './budget-store.js';

const EVERY_MS = 60_000;

/** Charges holds of runs that are over and did not settle them: their process died, and nobody knows what was spent. */
@Injectable()
export class BudgetSweep implements OnApplicationBootstrap {
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: BudgetStore,
    private readonly shutdown: ShutdownRegistry,
    @Inject(CONFIG) private readonly config: HeddleConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.role === 'api') return;
    this.timer = setInterval(() => {
      this.running = this.store
        .chargeEnded()
        .catch((error: unknown) => this.logger.warn({ err: error }, 'holds of budgets could not be charged'));
    }, EVERY_MS).unref();
    this.shutdown.register('stop-work', 'budget sweep', async () => {
      if (this.timer !== null) clearInterval(this.timer);
      await this.running;
    });
  }
}
