import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import { AppError } from '../../../platform/errors/app-error.js';
import { BackgroundLoop, ShutdownRegistry } from '../../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../../platform/logging/index.js';
import { ConcurrencyConflictError, RunsService, StartRunService } from '../../runs/index.js';
import type { CronConfig } from '../trigger-definition.js';
import type { FireError } from '../trigger-row.js';
import { type ClaimedFire, fireError } from './fire.js';
import { FireStore } from './fire-store.js';

const FIRES_PER_CLAIM = 50;
/** A fire whose taker does not settle it within this time is taken by another. */
export const FIRE_LEASE_MS = 10_000;
const POLL_MS = 1_000;
/** How soon a fire that waits for earlier ones looks again. */
const QUEUE_LOOK_MS = 500;
const MAX_QUEUED = 100;
const MAX_RETRY_MS = 60_000;
const CLEAN_EVERY_MS = 60 * 60_000;
const CLEAN_AT_A_TIME = 5_000;
/** How long fires are remembered, and with them which messages were taken. */
const KEEP_MS = 7 * 86_400_000;

type Verdict = 'go' | 'wait' | FireError;

/** The run a fire asks for. */
export type FireToStart = Pick<ClaimedFire, 'run_id' | 'tenant_id' | 'workflow_id' | 'kind' | 'inputs'>;

/**
 * Submits the runs of fires. What is stored is submitted until it is settled, by whichever node; the reserved run id makes all
 * submissions of one fire the same run.
 */
@Injectable()
export class FireDispatcher implements OnApplicationBootstrap {
  private readonly loop: BackgroundLoop;
  private cleanAt = performance.now() + Math.random() * CLEAN_EVERY_MS;

  constructor(
    private readonly fires: FireStore,
    private readonly starter: StartRunService,
    private readonly runs: RunsService,
    private readonly shutdown: ShutdownRegistry,
    @Inject(CONFIG) private readonly config: HeddleConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.loop = new BackgroundLoop({ name: 'trigger fires', logger, round: () => this.round() });
  }

  onApplicationBootstrap(): void {
    if (this.config.role === 'api') return;
    this.loop.start();
    this.shutdown.register('stop-accepting', 'trigger fires', () => this.loop.stop());
  }

  /** There are new fires. */
  wake(): void {
    this.loop.wake();
  }

  /** Submits the run of a fire. Throws what keeps it from running; what is worth another try leaves the fire to the others. */
  async start({ run_id, tenant_id, workflow_id, kind, inputs }: FireToStart): Promise<void> {
    try {
      await this.starter.start({ tenant: tenant_id, keyId: null, workflow: workflow_id, inputs, trigger: kind, id: run_id });
    } catch (error) {
      if (error instanceof ConcurrencyConflictError) await this.fires.ended(run_id, 'skipped', fireError(error.code, error.detail));
      else if (error instanceof AppError && error.status < 500) await this.fires.ended(run_id, 'failed', describe(error));
      throw error;
    }
    await this.fires.started(run_id);
  }

  private async round(): Promise<number> {
    await this.cleanNowAndThen();
    const claimed = await this.fires.claim(FIRES_PER_CLAIM, FIRE_LEASE_MS);
    // Fires of one trigger in their order, different triggers side by side.
    const byTrigger = Map.groupBy(claimed, ({ trigger_id }) => trigger_id);
    await Promise.all([...byTrigger.values()].map((fires) => this.dispatchInOrder(fires)));
    if (claimed.length === FIRES_PER_CLAIM) return 0;
    const dueInMs = await this.fires.nextDueInMs();
    return dueInMs === null ? POLL_MS : Math.max(1, Math.min(dueInMs, POLL_MS));
  }

  private async dispatchInOrder(fires: readonly ClaimedFire[]): Promise<void> {
    for (const fire of fires) {
      try {
        await this.dispatch(fire);
      } catch (error) {
        const delayMs = Math.min(2 ** fire.attempts * 250, MAX_RETRY_MS);
        if (!(error instanceof AppError && error.status < 500)) await this.postpone(fire, delayMs, error);
      }
    }
  }

  private async dispatch(fire: ClaimedFire): Promise<void> {
    if (fire.run_exists) {
      await this.fires.started(fire.run_id);
      return;
    }
    if (fire.error !== null) {
      await this.fires.ended(fire.run_id, 'failed', fire.error);
      return;
    }
    const verdict = fire.kind === 'cron' ? await this.standing(fire) : 'go';
    if (verdict === 'go') await this.start(fire);
    else if (verdict === 'wait') await this.fires.postpone(fire.run_id, QUEUE_LOOK_MS);
    else await this.fires.ended(fire.run_id, 'skipped', verdict);
  }

  /** What the overlap policy says while earlier fires of the trigger are not over. */
  private async standing(fire: ClaimedFire): Promise<Verdict> {
    const { overlap } = fire.config as unknown as CronConfig;
    if (overlap === 'allow') return 'go';
    const earlier = await this.fires.earlier(fire);
    if (earlier.length === 0) return 'go';
    if (overlap === 'skip') return fireError('overlap', `the run ${earlier[0]?.run_id} of an earlier fire is not over`);
    const pending = earlier.filter(({ status }) => status === 'pending').length;
    if (overlap === 'queue') return pending < MAX_QUEUED ? 'wait' : fireError('queue_full', `${pending} fires wait already`);
    if (pending > 0) return 'wait';
    await Promise.all(
      earlier.map(({ run_id }) => this.runs.cancel(fire.tenant_id, run_id, `replaced by the run ${fire.run_id} of the same trigger`)),
    );
    return 'go';
  }

  private async postpone(fire: ClaimedFire, delayMs: number, error: unknown): Promise<void> {
    this.logger.warn({ err: error, trigger: fire.trigger_id, run_id: fire.run_id }, 'a fire could not be submitted, will try again');
    // If this fails too, the lease runs out.
    await this.fires.postpone(fire.run_id, delayMs).catch(() => {});
  }

  private async cleanNowAndThen(): Promise<void> {
    if (performance.now() < this.cleanAt) return;
    this.cleanAt = performance.now() + CLEAN_EVERY_MS;
    const before = uuidv7({ msecs: Date.now() - KEEP_MS });
    while ((await this.fires.clean(before, CLEAN_AT_A_TIME)) === CLEAN_AT_A_TIME);
  }
}

function describe(error: AppError): FireError {
  const [first] = error.errors;
  return fireError(error.code, first === undefined ? error.detail : `${error.detail}: ${first.path} ${first.message}`);
}
