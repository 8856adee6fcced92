import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { type FeedConsumer, FeedFollower, type FeedInterest } from '../feeds/index.js';
import type { FeedItem } from '../runs/index.js';
import { DeliveryLoop } from './delivery-loop.js';
import { DeliveryStore, type NewDelivery } from './delivery-store.js';
import { WebhookFormats } from './webhook-formats.js';
import { WebhookStore, type WebhookRow } from './webhook-store.js';

/**
 * Turns committed events into messages of the outbox. Each is stored in the transaction that moves the reader beyond its event,
 * so that an event reaches the outbox of each webhook exactly once.
 */
@Injectable()
export class WebhookOutbox implements FeedConsumer, OnModuleInit {
  readonly name = 'webhooks';

  constructor(
    private readonly follower: FeedFollower,
    private readonly webhooks: WebhookStore,
    private readonly deliveries: DeliveryStore,
    private readonly loop: DeliveryLoop,
    private readonly formats: WebhookFormats,
  ) {}

  onModuleInit(): void {
    this.follower.register(this);
  }

  async interests(): Promise<readonly FeedInterest[]> {
    const rows = await this.webhooks.tenantsListening();
    return rows.map((row) => ({ tenant: row.tenant_id, fromXid: Number(row.from_xid) }));
  }

  async digest(tenant: string, items: readonly FeedItem[]): Promise<((manager: EntityManager) => Promise<void>) | null> {
    const webhooks = await this.webhooks.listening(tenant);
    const deliveries = items.flatMap((item) => {
      const listeners = webhooks.filter((webhook) => listens(webhook, item));
      return this.messagesTo(listeners, item);
    });
    return deliveries.length === 0 ? null : (manager) => this.deliveries.add(manager, tenant, deliveries);
  }

  committed(): void {
    this.loop.wake();
  }

  /** Each format says it once, however many listen. */
  private messagesTo(webhooks: readonly WebhookRow[], item: FeedItem): NewDelivery[] {
    const { run_id: runId, seq, type: eventType } = item.event;
    return [...Map.groupBy(webhooks, ({ format, topics }) => JSON.stringify([format, topics])).values()].flatMap((alike) => {
      const [{ format, topics }] = alike as [WebhookRow];
      const messages = this.formats.find(format)?.messagesOf(item, topics) ?? [];
      return messages.flatMap(({ topic, body: payload }) =>
        alike.map(({ id: webhookId }) => ({
          id: uuidv7(),
          webhookId,
          messageId: `evt_${runId}_${seq}${topic === '' ? '' : `_${topic}`}`,
          eventType,
          runId,
          payload,
        })),
      );
    });
  }
}

function listens(webhook: WebhookRow, { position, event, subject }: FeedItem): boolean {
  if (position.xid < Number(webhook.since_xid) || !webhook.events.includes(event.type)) return false;
  if (webhook.workflow === null) return true;
  return subject.kind === 'workflow' && (subject.workflowId === webhook.workflow || subject.name === webhook.workflow);
}
