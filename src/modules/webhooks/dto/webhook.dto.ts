import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsOptional,
  IsString,
  MaxLength,
  MinLength,
} from 'class-validator';
import { RUN_EVENT_TYPES, type RunEventType } from '../../../engine/index.js';
import { PageQueryDto } from '../../../platform/http/page.js';
import type { DeliveryRow, DeliveryStatus } from '../delivery-store.js';
import type { WebhookRow } from '../webhook-store.js';

const ID_EXAMPLE = '019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c';
const TIME_EXAMPLE = '2030-01-01T12:00:00.000Z';
const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const;

/** The ends of runs: what most receivers want. */
export const DEFAULT_EVENTS: readonly RunEventType[] = ['run.completed', 'run.failed', 'run.cancelled'];

/** What its owner may say of any webhook. */
class WebhookFieldsDto {
  @ApiPropertyOptional({ maxLength: 500, example: 'tells the shop' })
  @MaxLength(500)
  @IsString()
  @IsOptional()
  description?: string;

  @ApiPropertyOptional({
    enum: RUN_EVENT_TYPES,
    isArray: true,
    description: 'Types of events it is told',
    default: [...DEFAULT_EVENTS],
    example: ['run.failed'],
  })
  @IsIn(RUN_EVENT_TYPES, { each: true })
  @ArrayUnique()
  @ArrayNotEmpty()
  @ArrayMaxSize(RUN_EVENT_TYPES.length)
  @IsArray()
  @IsOptional()
  events?: RunEventType[];

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 400,
    description: 'Only events of runs of this workflow: its id or name',
    example: 'demo/orders',
  })
  @MaxLength(400)
  @MinLength(1)
  @IsString()
  @IsOptional()
  workflow?: string;

  @ApiPropertyOptional({ description: 'One that is switched on again is told what happens from then on', example: true })
  @IsBoolean()
  @IsOptional()
  enabled?: boolean;
}

const URL_OPTIONS = {
  format: 'uri',
  maxLength: 2000,
  description: 'Where messages are sent, http or https',
  example: 'https://example.com/heddle',
} as const;

export class CreateWebhookDto extends WebhookFieldsDto {
  @ApiProperty(URL_OPTIONS)
  @MaxLength(2000)
  @IsString()
  url: string;
}

export class UpdateWebhookDto extends WebhookFieldsDto {
  @ApiPropertyOptional(URL_OPTIONS)
  @MaxLength(2000)
  @IsString()
  @IsOptional()
  url?: string;
}

export class WebhookDto {
  @ApiProperty({ type: 'string', format: 'uuid', example: ID_EXAMPLE })
  id: string;

  @ApiProperty({ example: 'https://example.com/heddle' })
  url: string;

  @ApiProperty({ type: 'string', nullable: true, example: 'tells the shop' })
  description: string | null;

  @ApiProperty({ enum: RUN_EVENT_TYPES, isArray: true, example: [...DEFAULT_EVENTS] })
  events: RunEventType[];

  @ApiProperty({ type: 'string', nullable: true, example: 'demo/orders' })
  workflow: string | null;

  @ApiProperty({ description: 'In what form it is told: `standard`, or that of the dialect it was made through', example: 'standard' })
  format: string;

  @ApiProperty({ type: [String], description: 'Events as a dialect names them; none for `standard`', example: [] })
  topics: string[];

  @ApiProperty({ example: true })
  enabled: boolean;

  @ApiProperty({ type: 'string', nullable: true, description: 'Why it was switched off by itself', example: null })
  disabled_reason: string | null;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, description: 'Since when nothing could be delivered', example: null })
  failing_since: string | null;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  updated_at: string;
}

export class IssuedWebhookDto extends WebhookDto {
  @ApiProperty({
    description: 'What messages are signed with, by Standard Webhooks. It is shown here only.',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYq=',
  })
  secret: string;
}

export class ListDeliveriesQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ enum: DELIVERY_STATUSES, description: 'Only those in this status', example: 'failed' })
  @IsIn(DELIVERY_STATUSES)
  @IsOptional()
  status?: DeliveryStatus;
}

export class DeliveryAttemptDto {
  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  at: string;

  @ApiProperty({ type: 'integer', nullable: true, description: 'What the receiver answered; null when it did not', example: 503 })
  status: number | null;

  @ApiProperty({ type: 'integer', example: 42 })
  duration_ms: number;

  @ApiProperty({ type: 'string', nullable: true, example: 'the receiver answered 503' })
  error: string | null;
}

export class DeliveryDto {
  @ApiProperty({ type: 'string', format: 'uuid', example: ID_EXAMPLE })
  id: string;

  @ApiProperty({ description: 'Sent as `webhook-id`, the same for every try', example: `evt_${ID_EXAMPLE}_7` })
  message_id: string;

  @ApiProperty({ enum: RUN_EVENT_TYPES, example: 'run.failed' })
  event_type: string;

  @ApiProperty({ type: 'string', format: 'uuid', example: ID_EXAMPLE })
  run_id: string;

  @ApiProperty({ enum: DELIVERY_STATUSES, example: 'delivered' })
  status: DeliveryStatus;

  @ApiProperty({ type: DeliveryAttemptDto, isArray: true, description: 'Oldest first' })
  attempts: DeliveryAttemptDto[];

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, description: 'While it is pending', example: null })
  next_attempt_at: string | null;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: TIME_EXAMPLE })
  delivered_at: string | null;
}

export function toWebhookDto(row: WebhookRow): WebhookDto {
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    events: [...row.events],
    workflow: row.workflow,
    format: row.format,
    topics: [...row.topics],
    enabled: row.enabled,
    disabled_reason: row.disabled_reason,
    failing_since: row.failing_since?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

export function toDeliveryDto(row: DeliveryRow): DeliveryDto {
  return {
    id: row.id,
    message_id: row.message_id,
    event_type: row.event_type,
    run_id: row.run_id,
    status: row.status,
    attempts: [...row.attempts],
    next_attempt_at: row.status === 'pending' ? row.next_attempt_at.toISOString() : null,
    created_at: row.created_at.toISOString(),
    delivered_at: row.delivered_at?.toISOString() ?? null,
  };
}
