import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { EventBus } from '../../platform/events/index.js';
import { ShutdownRegistry } from '../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../platform/logging/index.js';
import '../runs/index.js';
import { ApprovalStore } from './approval-store.js';

const GATHER_MS = 200;
const SWEEP_MS = 60_000;

/**
 * Writes down that approvals of ended runs are cancelled: of runs that end here soon after, of all others in a sweep. Nothing
 * depends on it but the size of the index of pending approvals; readers look at the run.
 */
@Injectable()
export class ApprovalSweep implements OnApplicationBootstrap {
  private ended: string[] = [];
  private gathering: NodeJS.Timeout | null = null;

  constructor(
    private readonly store: ApprovalStore,
    private readonly bus: EventBus,
    private readonly shutdown: ShutdownRegistry,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const stopListening = this.bus.on('run.ended', ({ runId, status }) => {
      if (status !== 'success') this.gather(runId);
    });
    const sweeping = setInterval(() => void this.write(null), SWEEP_MS);
    sweeping.unref();
    this.shutdown.register('stop-work', 'approval sweep', () => {
      stopListening();
      clearInterval(sweeping);
      if (this.gathering !== null) clearTimeout(this.gathering);
    });
  }

  private gather(runId: string): void {
    this.ended.push(runId);
    this.gathering ??= setTimeout(() => {
      const runIds = this.ended;
      this.ended = [];
      this.gathering = null;
      void this.write(runIds);
    }, GATHER_MS);
  }

  private async write(runIds: readonly string[] | null): Promise<void> {
    try {
      await this.store.cancelOfEndedRuns(runIds);
    } catch (error) {
      this.logger.debug({ err: error }, 'left cancelled approvals to the next sweep');
    }
  }
}
