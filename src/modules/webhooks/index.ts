export { WebhooksModule } from './webhooks.module.js';
/** Other entrances' ways to tell of events. */
export { WebhookFormats, type FormattedMessage, type OutgoingMessage, type WebhookFormat } from './webhook-formats.js';
export { WebhooksService } from './webhooks.service.js';
export type { DeliverySummary } from './delivery-store.js';
export type { DeliveryDto, WebhookDto } from './dto/webhook.dto.js';
