import { Body, Controller, Delete, Get, HttpCode, type OnModuleInit, Param, Post } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import type { RunEventType } from '../../engine/index.js';
import { type DeliveryDto, type DeliverySummary, type WebhookDto, WebhookFormats, WebhooksService } from '../../modules/webhooks/index.js';
import { isUuid } from '../../platform/http/cursor.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { MAX_PAGE_SIZE } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { everyPage, orInstead } from '../kit/index.js';
import { CreateMeshWebhookDto } from './meshflow.dto.js';
import { webhookNotFound } from './problems.js';
import { DELETED_WEBHOOK, DELIVERIES, WEBHOOK, WEBHOOKS } from './schemas.js';
import { MESH_WEBHOOK_EVENTS, type MeshWebhookEvent, SOURCES } from './webhook-events.js';
import { meshWebhookFormat } from './webhook-format.js';

const WebhookId = ApiParam({ name: 'webhook_id', format: 'uuid' });

@ApiTags('Webhooks')
@Controller('compat/meshflow/webhooks')
export class MeshWebhooksController implements OnModuleInit {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly formats: WebhookFormats,
  ) {}

  onModuleInit(): void {
    this.formats.register(meshWebhookFormat);
  }

  @Get()
  @Endpoint({ access: 'webhooks.manage', operationId: 'listWebhooks', summary: 'List webhooks' })
  @ApiOkResponse({ schema: WEBHOOKS })
  async listWebhooks(@CurrentPrincipal() principal: Principal): Promise<object> {
    const [all, summaries] = await Promise.all([
      everyPage((page) => this.webhooks.list(principal, page)),
      this.webhooks.deliverySummaries(principal),
    ]);
    const sum = (count: (summary: DeliverySummary) => number): number =>
      [...summaries.values()].reduce((total, each) => total + count(each), 0);
    return {
      webhooks: all.map((webhook) => webhookRow(principal, webhook, summaries.get(webhook.id))),
      stats: { webhooks: all.length, deliveries: sum(({ delivered }) => delivered), failures: sum(({ failed }) => failed) },
    };
  }

  @Post()
  @Endpoint({ access: 'webhooks.manage', operationId: 'createWebhook', summary: 'Register a webhook' })
  @ApiBody({ type: CreateMeshWebhookDto })
  @ApiCreatedResponse({ schema: WEBHOOK })
  async createWebhook(
    @CurrentPrincipal() principal: Principal,
    @Body() { url, events: topics = ['*'], secret = '' }: CreateMeshWebhookDto,
  ): Promise<object> {
    const told = { format: meshWebhookFormat.name, topics, secret };
    const webhook = await this.webhooks.create(principal, { url, events: sourcesOf(topics) }, undefined, told);
    return webhookRow(principal, webhook, undefined);
  }

  @Delete(':webhook_id')
  @HttpCode(200)
  @Endpoint({ access: 'webhooks.manage', operationId: 'deleteWebhook', summary: 'Delete a webhook' })
  @WebhookId
  @ApiOkResponse({ schema: DELETED_WEBHOOK })
  async deleteWebhook(@CurrentPrincipal() principal: Principal, @Param('webhook_id') id: string): Promise<object> {
    if (!isUuid(id)) throw webhookNotFound();
    await orInstead(this.webhooks.delete(principal, id.toLowerCase()), webhookNotFound());
    return { deleted: id };
  }

  @Get(':webhook_id/deliveries')
  @Endpoint({ access: 'webhooks.manage', operationId: 'listDeliveries', summary: 'The last deliveries to a webhook, newest first' })
  @WebhookId
  @ApiOkResponse({ schema: DELIVERIES })
  async listDeliveries(@CurrentPrincipal() principal: Principal, @Param('webhook_id') id: string): Promise<object> {
    if (!isUuid(id)) throw webhookNotFound();
    const { data } = await orInstead(
      this.webhooks.listDeliveries(principal, id.toLowerCase(), { limit: MAX_PAGE_SIZE }),
      webhookNotFound(),
    );
    return { webhook_id: id, deliveries: data.map(deliveryRow) };
  }
}

function sourcesOf(topics: readonly MeshWebhookEvent[]): RunEventType[] {
  const named = MESH_WEBHOOK_EVENTS.flatMap((event) =>
    event !== '*' && (topics.includes('*') || topics.includes(event)) ? SOURCES[event] : [],
  );
  return [...new Set(named)];
}

/** Those that were made through another door have the events of that. */
function webhookRow(
  { tenant }: Principal,
  { id, url, events, topics, format, created_at }: WebhookDto,
  summary: DeliverySummary | undefined,
): object {
  return {
    id,
    url,
    events: format === meshWebhookFormat.name ? topics : events,
    tenant_id: tenant,
    created_at,
    delivery_count: summary?.delivered ?? 0,
    failure_count: summary?.failed ?? 0,
    last_delivery_at: summary?.last_delivered_at?.toISOString() ?? null,
    last_error: summary?.last_error ?? null,
  };
}

function deliveryRow({ id, message_id, event_type, run_id, status, attempts, created_at, delivered_at }: DeliveryDto): object {
  const last = attempts.at(-1);
  return {
    id,
    // The name of the event ends the id of its message.
    event: /_([a-z]+_[a-z]+)$/.exec(message_id)?.[1] ?? event_type,
    run_id,
    status,
    attempts: attempts.length,
    status_code: last?.status ?? null,
    error: last?.error ?? null,
    created_at,
    delivered_at,
  };
}
