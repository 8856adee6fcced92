import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { ConflictError, NotFoundError, UnprocessableError } from '../../platform/errors/app-error.js';
import type { Page, PageQueryDto } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { newSigningSecret, SecretBox } from '../../platform/secrets/index.js';
import { DeliveryLoop } from './delivery-loop.js';
import { type DeliverySummary, DeliveryStore } from './delivery-store.js';
import {
  type CreateWebhookDto,
  DEFAULT_EVENTS,
  type DeliveryDto,
  type IssuedWebhookDto,
  type ListDeliveriesQueryDto,
  toDeliveryDto,
  toWebhookDto,
  type UpdateWebhookDto,
  type WebhookDto,
} from './dto/webhook.dto.js';
import { STANDARD_FORMAT } from './webhook-formats.js';
import { WebhookStore, type WebhookRow, type WebhookWords } from './webhook-store.js';

/** Webhooks of the caller's tenant, and what they were told. */
@Injectable()
export class WebhooksService {
  constructor(
    private readonly webhooks: WebhookStore,
    private readonly deliveries: DeliveryStore,
    private readonly loop: DeliveryLoop,
    private readonly box: SecretBox,
  ) {}

  /** `told`: in the words of another format, and signed with a secret of the caller's. */
  async create(
    { tenant }: Principal,
    body: CreateWebhookDto,
    reservedId?: string,
    told: WebhookWords & { readonly secret?: string } = { format: STANDARD_FORMAT, topics: [] },
  ): Promise<IssuedWebhookDto> {
    const { url, description = null, events = DEFAULT_EVENTS, workflow = null, enabled = true } = body;
    const id = reservedId ?? uuidv7();
    const secret = told.secret ?? newSigningSecret();
    await this.webhooks.create(
      id,
      tenant,
      { url: checkedUrl(url), description, events, workflow, enabled },
      this.box.seal(secret, id),
      told,
    );
    return { ...toWebhookDto(await this.find(tenant, id)), secret };
  }

  list({ tenant }: Principal, query: PageQueryDto): Promise<Page<WebhookDto>> {
    return this.webhooks.list(tenant, query, toWebhookDto);
  }

  async get({ tenant }: Principal, id: string): Promise<WebhookDto> {
    return toWebhookDto(await this.find(tenant, id));
  }

  async update({ tenant }: Principal, id: string, body: UpdateWebhookDto): Promise<WebhookDto> {
    const row = await this.find(tenant, id);
    await this.webhooks.change(id, {
      url: body.url === undefined ? row.url : checkedUrl(body.url),
      description: body.description ?? row.description,
      events: body.events ?? row.events,
      workflow: body.workflow ?? row.workflow,
      enabled: body.enabled ?? row.enabled,
    });
    return toWebhookDto(await this.find(tenant, id));
  }

  async delete({ tenant }: Principal, id: string): Promise<void> {
    if (!(await this.webhooks.delete(tenant, id))) throw new NotFoundError('webhook');
  }

  async listDeliveries({ tenant }: Principal, id: string, query: ListDeliveriesQueryDto): Promise<Page<DeliveryDto>> {
    await this.find(tenant, id);
    return this.deliveries.list(id, query, toDeliveryDto);
  }

  /** What became of messages, by webhook; of those that are still kept. */
  async deliverySummaries({ tenant }: Principal): Promise<Map<string, DeliverySummary>> {
    return new Map((await this.deliveries.summaries(tenant)).map((summary) => [summary.webhook_id, summary]));
  }

  async redeliver({ tenant }: Principal, id: string, deliveryId: string): Promise<DeliveryDto> {
    const { enabled } = await this.find(tenant, id);
    if (!enabled) throw new ConflictError('webhook_disabled', 'the webhook is switched off: switch it on first');
    const delivery = await this.deliveries.redeliver(id, deliveryId);
    if (delivery === null) throw new NotFoundError('delivery');
    this.loop.wake();
    return toDeliveryDto(delivery);
  }

  private async find(tenant: string, id: string): Promise<WebhookRow> {
    const row = await this.webhooks.find(tenant, id);
    if (row === null) throw new NotFoundError('webhook');
    return row;
  }
}

/** Whether the address may be reached is decided at every sending, by what its name means then. */
function checkedUrl(text: string): string {
  const url = URL.parse(text);
  const fault =
    url === null || !/^https?:$/.test(url.protocol)
      ? 'must be an http or https URL'
      : url.username !== '' || url.password !== ''
        ? 'must not hold credentials: messages are signed'
        : null;
  if (fault !== null) throw new UnprocessableError('the body is not valid', [{ path: '/url', code: 'format', message: fault }]);
  return text;
}
