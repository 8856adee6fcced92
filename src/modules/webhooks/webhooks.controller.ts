import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { IdPipe } from '../../platform/http/id.pipe.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import { ApiPage, type Page, PageQueryDto } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import {
  CreateWebhookDto,
  DeliveryDto,
  IssuedWebhookDto,
  ListDeliveriesQueryDto,
  UpdateWebhookDto,
  WebhookDto,
} from './dto/webhook.dto.js';
import { WebhooksService } from './webhooks.service.js';

const WebhookId = () => Param('id', new IdPipe('webhook'));

@ApiTags('webhooks')
@Controller('webhooks')
export class WebhooksController {
  constructor(private readonly service: WebhooksService) {}

  @Post()
  @Endpoint({
    access: 'webhooks.manage',
    operationId: 'createWebhook',
    summary: 'Be told of events',
    description: `Messages are signed by Standard Webhooks. Each is sent until it is answered with a 2xx, eight times over about a day, so it
may come more than once: the same \`webhook-id\` is the same event. Order is not promised; \`data.seq\` has it within a run.`,
  })
  @Idempotent({ secretReply: true })
  @ApiCreatedResponse({ type: IssuedWebhookDto, description: 'The webhook; its secret is in no other answer' })
  @ApiProblems(400, 409, 413, 415, 422)
  async createWebhook(
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreateWebhookDto,
    @ReservedId() reservedId: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<IssuedWebhookDto> {
    const webhook = await this.service.create(principal, body, reservedId);
    response.setHeader('Location', `/api/v1/webhooks/${webhook.id}`);
    return webhook;
  }

  @Get()
  @Endpoint({ access: 'webhooks.manage', operationId: 'listWebhooks', summary: 'List webhooks, newest first' })
  @ApiPage(WebhookDto)
  @ApiProblems(400, 422)
  listWebhooks(@CurrentPrincipal() principal: Principal, @Query() query: PageQueryDto): Promise<Page<WebhookDto>> {
    return this.service.list(principal, query);
  }

  @Get(':id')
  @Endpoint({ access: 'webhooks.manage', operationId: 'getWebhook', summary: 'Read a webhook' })
  @ApiOkResponse({ type: WebhookDto })
  @ApiProblems(404)
  getWebhook(@CurrentPrincipal() principal: Principal, @WebhookId() id: string): Promise<WebhookDto> {
    return this.service.get(principal, id);
  }

  @Patch(':id')
  @Endpoint({ access: 'webhooks.manage', operationId: 'updateWebhook', summary: 'Change a webhook, or switch it on or off' })
  @ApiOkResponse({ type: WebhookDto })
  @ApiProblems(400, 404, 413, 415, 422)
  updateWebhook(@CurrentPrincipal() principal: Principal, @WebhookId() id: string, @Body() body: UpdateWebhookDto): Promise<WebhookDto> {
    return this.service.update(principal, id, body);
  }

  @Delete(':id')
  @HttpCode(204)
  @Endpoint({
    access: 'webhooks.manage',
    operationId: 'deleteWebhook',
    summary: 'Delete a webhook',
    description: 'What it was not told yet it never is.',
  })
  @ApiNoContentResponse({ description: 'It is deleted' })
  @ApiProblems(404)
  deleteWebhook(@CurrentPrincipal() principal: Principal, @WebhookId() id: string): Promise<void> {
    return this.service.delete(principal, id);
  }

  @Get(':id/deliveries')
  @Endpoint({
    access: 'webhooks.manage',
    operationId: 'listWebhookDeliveries',
    summary: 'List what a webhook was told, newest first',
    description: 'With every try, what the receiver answered and how long it took.',
  })
  @ApiPage(DeliveryDto)
  @ApiProblems(400, 404, 422)
  listWebhookDeliveries(
    @CurrentPrincipal() principal: Principal,
    @WebhookId() id: string,
    @Query() query: ListDeliveriesQueryDto,
  ): Promise<Page<DeliveryDto>> {
    return this.service.listDeliveries(principal, id, query);
  }

  @Post(':id/deliveries/:delivery_id/redeliver')
  @HttpCode(202)
  @Endpoint({
    access: 'webhooks.manage',
    operationId: 'redeliverWebhookDelivery',
    summary: 'Send a message again',
    description: 'Also one that was taken, under the same `webhook-id`.',
  })
  @ApiAcceptedResponse({ type: DeliveryDto, description: 'It is sent at once, and again as often as a new one' })
  @ApiProblems(404, 409)
  redeliverWebhookDelivery(
    @CurrentPrincipal() principal: Principal,
    @WebhookId() id: string,
    @Param('delivery_id', new IdPipe('delivery')) deliveryId: string,
  ): Promise<DeliveryDto> {
    return this.service.redeliver(principal, id, deliveryId);
  }
}
