import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import { BackgroundLoop, ShutdownRegistry } from '../../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../../platform/logging/index.js';
import { JournalPartitions } from './journal-partitions.js';

const EVERY_MS = 60 * 60 * 1000;
/** Somebody had a table locked, or makes partitions at the moment. */
const RETRY_MS = 15_000;

/** Makes the journal's partitions before they are needed. Whoever is late loses nothing: rows go to the default partition and are moved. */
@Injectable()
export class PartitionLoop implements OnApplicationBootstrap {
  private readonly loop: BackgroundLoop;

  constructor(
    private readonly partitions: JournalPartitions,
    private readonly shutdown: ShutdownRegistry,
    @Inject(CONFIG) private readonly config: HeddleConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.loop = new BackgroundLoop({ name: 'journal partitions', logger, retryMs: RETRY_MS, round: () => this.round() });
  }

  onApplicationBootstrap(): void {
    if (this.config.role === 'api') return;
    this.loop.start();
    this.shutdown.register('stop-accepting', 'journal partitions', () => this.loop.stop());
  }

  private async round(): Promise<number> {
    const made = await this.partitions.ensure();
    if (made.length > 0) this.logger.info({ partitions: made }, 'the journal has new partitions');
    return EVERY_MS;
  }
}
