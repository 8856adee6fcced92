import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { BackgroundLoop, ShutdownRegistry } from '../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../platform/logging/index.js';
import { planFires } from './cron-schedule.js';
import type { NewFire } from './fires/fire.js';
import { FireDispatcher } from './fires/fire-dispatcher.js';
import { fireInputs, triggerView } from './fires/fire-inputs.js';
import { FireStore, type PlannedTrigger } from './fires/fire-store.js';
import type { CronConfig } from './trigger-definition.js';
import type { TriggerRow } from './trigger-row.js';

const TRIGGERS_PER_ROUND = 100;
const FIRES_PER_TRIGGER = 50;
/** New triggers are seen this soon, also when another node stored them. */
const POLL_MS = 1_000;
/** Another node holds the rest of what is due. */
const CONTENDED_MS = 50;

interface Plan {
  readonly trigger: PlannedTrigger;
  readonly fires: readonly NewFire[];
}

/** Makes cron triggers fire. It runs on every node that executes; what is due is given to one of them. */
@Injectable()
export class CronClock implements OnApplicationBootstrap {
  private readonly loop: BackgroundLoop;

  constructor(
    private readonly fires: FireStore,
    private readonly dispatcher: FireDispatcher,
    private readonly shutdown: ShutdownRegistry,
    @Inject(CONFIG) private readonly config: HeddleConfig,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.loop = new BackgroundLoop({ name: 'cron', logger, round: () => this.round() });
  }

  onApplicationBootstrap(): void {
    if (this.config.role === 'api') return;
    this.loop.start();
    this.shutdown.register('stop-accepting', 'cron', () => this.loop.stop());
  }

  /** A trigger was stored or changed here. */
  wake(): void {
    this.loop.wake();
  }

  private async round(): Promise<number> {
    const { now, triggers } = await this.fires.nextCron(TRIGGERS_PER_ROUND);
    const due = triggers.filter(({ next_fire_at }) => next_fire_at !== null && next_fire_at.getTime() <= now);
    if (due.length > 0) {
      const plans = due.map((trigger) => plan(trigger, now));
      const claimed = await this.fires.claimCron(
        plans.map(({ trigger }) => trigger),
        plans.flatMap(({ fires }) => fires),
      );
      if (claimed > 0) this.dispatcher.wake();
      return claimed === due.length ? 0 : CONTENDED_MS;
    }
    const next = triggers[0]?.next_fire_at ?? null;
    return next === null ? POLL_MS : Math.max(1, Math.min(next.getTime() - now, POLL_MS));
  }
}

function plan(trigger: TriggerRow, now: number): Plan {
  const { expression, timezone, catch_up_ms: catchUpMs } = trigger.config as unknown as CronConfig;
  const dueAt = trigger.next_fire_at as Date;
  const { fires, next } = planFires({ expression, timezone, catchUpMs, dueAt: dueAt.getTime(), now, limit: FIRES_PER_TRIGGER });
  return {
    trigger: { id: trigger.id, revision: trigger.revision, dueAt, next: next === null ? null : new Date(next) },
    fires: fires.map((at) => fireAt(trigger, new Date(at), now)),
  };
}

function fireAt(trigger: TriggerRow, scheduledAt: Date, now: number): NewFire {
  const key = scheduledAt.toISOString();
  const view = triggerView(trigger, { scheduled_at: key, fired_at: new Date(now).toISOString() });
  return { runId: uuidv7(), triggerId: trigger.id, key, chain: [], ...fireInputs(trigger, { trigger: view }) };
}
