import { Module } from '@nestjs/common';
import { EgressModule } from '../../platform/egress/index.js';
import { SecretsModule } from '../../platform/secrets/index.js';
import { FeedsModule } from '../feeds/index.js';
import { DeliveryLoop } from './delivery-loop.js';
import { DEFAULT_DELIVERY_POLICY, DELIVERY_POLICY } from './delivery-policy.js';
import { DeliveryStore } from './delivery-store.js';
import { MessageSender } from './message-sender.js';
import { WebhookFormats } from './webhook-formats.js';
import { WebhookOutbox } from './webhook-outbox.js';
import { WebhookStore } from './webhook-store.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

/** Tells the outside of events: subscriptions, an outbox, and signed messages that are sent until they are taken. */
@Module({
  imports: [EgressModule, FeedsModule, SecretsModule],
  controllers: [WebhooksController],
  providers: [
    { provide: DELIVERY_POLICY, useValue: DEFAULT_DELIVERY_POLICY },
    WebhookFormats,
    WebhookStore,
    DeliveryStore,
    WebhooksService,
    WebhookOutbox,
    MessageSender,
    DeliveryLoop,
  ],
  exports: [WebhookFormats, WebhooksService],
})
export class WebhooksModule {}
