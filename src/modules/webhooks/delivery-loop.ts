import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { BackgroundLoop, ShutdownRegistry } from '../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../platform/logging/index.js';
import { DELIVERY_POLICY, type DeliveryPolicy, nextTryInMs } from './delivery-policy.js';
import { type ClaimedDelivery, DeliveryStore } from './delivery-store.js';
import { MessageSender } from './message-sender.js';

const POLL_MS = 1_000;
/** Beyond the time a try may take, until somebody else may try. */
const LEASE_MARGIN_MS = 3_000;
const CLEAN_EVERY_MS = 60 * 60_000;
const CLEAN_AT_A_TIME = 2_000;
const GONE = 410;

/** Sends what lies in the outbox. It runs on every node that executes; a message is taken by one of them at a time. */
@Injectable()
export class DeliveryLoop implements OnApplicationBootstrap {
  private readonly loop: BackgroundLoop;
  private readonly underWay = new Map<string, number>();
  private readonly sending = new Set<Promise<void>>();
  private readonly aborter = new AbortController();
  private cleanAt = performance.now() + Math.random() * CLEAN_EVERY_MS;

  constructor(
    private readonly deliveries: DeliveryStore,
    private readonly sender: MessageSender,
    private readonly shutdown: ShutdownRegistry,
    @Inject(DELIVERY_POLICY) private readonly policy: DeliveryPolicy,
    @Inject(CONFIG) private readonly config: HeddleConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.loop = new BackgroundLoop({ name: 'webhook deliveries', logger, gapMs: 5, round: () => this.round() });
  }

  onApplicationBootstrap(): void {
    if (this.config.role === 'api') return;
    this.loop.start();
    this.shutdown.register('stop-accepting', 'webhook deliveries', () => this.loop.stop());
    this.shutdown.register('drain', 'webhook deliveries', async () => void (await Promise.all(this.sending)));
    this.shutdown.register('stop-work', 'webhook deliveries', () => this.aborter.abort());
  }

  /** There is something to send. */
  wake(): void {
    this.loop.wake();
  }

  private async round(): Promise<number> {
    await this.cleanNowAndThen();
    const room = this.policy.concurrency.total - this.sending.size;
    if (room <= 0) return POLL_MS;
    const claimed = await this.deliveries.claim(
      this.underWay,
      { ...this.policy.concurrency, total: room },
      this.policy.timeoutMs + LEASE_MARGIN_MS,
    );
    for (const delivery of claimed) this.begin(delivery);
    // What is due but has no room is looked for when a message is settled.
    const dueInMs = await this.deliveries.nextDueInMs();
    return dueInMs === null || dueInMs <= 0 ? POLL_MS : Math.min(dueInMs, POLL_MS);
  }

  private begin(delivery: ClaimedDelivery): void {
    const { webhook_id } = delivery;
    this.underWay.set(webhook_id, (this.underWay.get(webhook_id) ?? 0) + 1);
    const sending = this.deliver(delivery).finally(() => {
      const left = (this.underWay.get(webhook_id) ?? 1) - 1;
      if (left === 0) this.underWay.delete(webhook_id);
      else this.underWay.set(webhook_id, left);
      this.sending.delete(sending);
      this.loop.wake();
    });
    this.sending.add(sending);
  }

  /** Never rejects: what goes wrong here is tried again when the lease of the message is over. */
  private async deliver(delivery: ClaimedDelivery): Promise<void> {
    try {
      const attempt = await this.sender.send(delivery, this.policy.timeoutMs, this.aborter.signal);
      if (this.aborter.signal.aborted) return;
      const delivered = attempt.status !== null && attempt.status >= 200 && attempt.status < 300;
      const nextInMs = delivered ? null : nextTryInMs(this.policy, delivery.tries, Math.random());
      const { failing_for_ms } = await this.deliveries.settle(delivery, { attempt, delivered, nextInMs });
      if (attempt.status === GONE) await this.disable(delivery, 'the receiver answered 410 Gone');
      else if (failing_for_ms !== null && failing_for_ms > this.policy.disableAfterMs) {
        await this.disable(delivery, `nothing was delivered for ${Math.round(failing_for_ms / 3_600_000)} hours; last: ${attempt.error}`);
      }
    } catch (error) {
      this.logger.warn({ err: error, delivery: delivery.id }, 'a webhook delivery could not be recorded');
    }
  }

  private async disable({ webhook_id }: ClaimedDelivery, reason: string): Promise<void> {
    this.logger.warn({ webhook: webhook_id, reason }, 'a webhook is switched off');
    await this.deliveries.disable(webhook_id, reason);
  }

  private async cleanNowAndThen(): Promise<void> {
    if (performance.now() < this.cleanAt) return;
    this.cleanAt = performance.now() + CLEAN_EVERY_MS;
    const before = uuidv7({ msecs: Date.now() - this.policy.keepMs });
    while ((await this.deliveries.clean(before, CLEAN_AT_A_TIME)) === CLEAN_AT_A_TIME);
  }
}
