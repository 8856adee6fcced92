import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsObject, IsOptional, IsString, Matches } from 'class-validator';
import type { JsonObject } from '../../../engine/index.js';
import type { IssuedAccess } from '../hook-access.js';
import { TRIGGER_KINDS, type TriggerKind } from '../trigger-definition.js';
import type { TriggerRow } from '../trigger-row.js';

const ID_EXAMPLE = '019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c';
const TIME_EXAMPLE = '2030-01-01T12:00:00.000Z';
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;
const CONFIG = `By kind. cron: \`expression\`, \`timezone\`, \`overlap\` (skip, queue, cancel_running, allow), \`catch_up_ms\`.
webhook: \`verify\` (signature, none). event: \`types\`, \`workflow\`.`;
const INPUTS = `Inputs of the run. Expressions see \`trigger\`, of a webhook also \`body\`, \`headers\` and \`query\`, of an event also \`event\`.`;

export class CreateTriggerDto {
  @ApiProperty({ enum: TRIGGER_KINDS, example: 'cron' })
  @IsIn(TRIGGER_KINDS)
  kind: TriggerKind;

  @ApiPropertyOptional({ pattern: NAME.source, example: 'nightly' })
  @Matches(NAME)
  @IsString()
  @IsOptional()
  name?: string;

  @ApiPropertyOptional({ default: true, example: true })
  @IsBoolean()
  @IsOptional()
  enabled?: boolean;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: CONFIG,
    example: { expression: '0 3 * * *', timezone: 'Europe/Berlin', overlap: 'skip' },
  })
  @IsObject()
  @IsOptional()
  config?: JsonObject;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: INPUTS, example: { day: '{{ trigger.scheduled_at }}' } })
  @IsObject()
  @IsOptional()
  inputs?: JsonObject;
}

export class UpdateTriggerDto {
  @ApiPropertyOptional({ description: 'The only thing that can be changed of a trigger that its workflow defines', example: false })
  @IsBoolean()
  @IsOptional()
  enabled?: boolean;

  @ApiPropertyOptional({ pattern: NAME.source, example: 'nightly' })
  @Matches(NAME)
  @IsString()
  @IsOptional()
  name?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: `Replaces it. ${CONFIG}`,
    example: { expression: '0 4 * * *' },
  })
  @IsObject()
  @IsOptional()
  config?: JsonObject;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: `Replaces them. ${INPUTS}`, example: {} })
  @IsObject()
  @IsOptional()
  inputs?: JsonObject;
}

export class TriggerWorkflowDto {
  @ApiProperty({ type: 'string', format: 'uuid', example: ID_EXAMPLE })
  id: string;

  @ApiProperty({ example: 'demo/orders' })
  name: string;
}

export class TriggerErrorDto {
  @ApiProperty({ example: 'overlap' })
  code: string;

  @ApiProperty({ example: 'the run 019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c of an earlier fire is not over' })
  message: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  at: string;
}

export class TriggerDto {
  @ApiProperty({ type: 'string', format: 'uuid', example: ID_EXAMPLE })
  id: string;

  @ApiProperty({ type: TriggerWorkflowDto })
  workflow: TriggerWorkflowDto;

  @ApiProperty({ enum: TRIGGER_KINDS, example: 'cron' })
  kind: TriggerKind;

  @ApiProperty({ type: 'string', nullable: true, example: 'nightly' })
  name: string | null;

  @ApiProperty({ enum: ['definition', 'api'], description: 'Where it is written', example: 'api' })
  source: 'definition' | 'api';

  @ApiProperty({ example: true })
  enabled: boolean;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: CONFIG,
    example: { expression: '0 3 * * *', timezone: 'UTC', overlap: 'skip', catch_up_ms: 0 },
  })
  config: JsonObject;

  @ApiProperty({ type: 'object', additionalProperties: true, description: INPUTS, example: {} })
  inputs: JsonObject;

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    nullable: true,
    description: 'Of a cron trigger that is switched on',
    example: TIME_EXAMPLE,
  })
  next_fire_at: string | null;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: TIME_EXAMPLE })
  last_fired_at: string | null;

  @ApiProperty({ type: 'string', format: 'uuid', nullable: true, example: ID_EXAMPLE })
  last_run_id: string | null;

  @ApiProperty({ type: TriggerErrorDto, nullable: true, description: 'Why the last fire started no run; null when it did' })
  last_error: TriggerErrorDto | null;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  updated_at: string;
}

export class IssuedTriggerDto extends TriggerDto {
  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'Of a webhook. It is shown here only.',
    example: 'hk_Zk3vQwX1y2z3A4b5C6d7E8f9G0h1I2j3',
  })
  token: string | null;

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'Where calls are sent',
    example: '/hooks/hk_Zk3vQwX1y2z3A4b5C6d7E8f9G0h1I2j3',
  })
  hook_path: string | null;

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'What calls are signed with, by Standard Webhooks. It is shown here only.',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYq=',
  })
  secret: string | null;
}

export class HookReceiptDto {
  @ApiProperty({ type: 'string', format: 'uuid', description: 'The run that was started', example: ID_EXAMPLE })
  run_id: string;

  @ApiProperty({ description: 'Whether this message was taken before: the run is the one of then', example: false })
  duplicate: boolean;
}

export function toTriggerDto(row: TriggerRow): TriggerDto {
  return {
    id: row.id,
    workflow: { id: row.workflow_id, name: row.workflow_name },
    kind: row.kind,
    name: row.name,
    source: row.source,
    enabled: row.enabled,
    config: row.config,
    inputs: row.inputs,
    next_fire_at: row.enabled ? (row.next_fire_at?.toISOString() ?? null) : null,
    last_fired_at: row.last_fired_at?.toISOString() ?? null,
    last_run_id: row.last_run_id,
    last_error: row.last_error,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

export function toIssuedTriggerDto(row: TriggerRow, access: IssuedAccess | null): IssuedTriggerDto {
  return {
    ...toTriggerDto(row),
    token: access?.token ?? null,
    hook_path: access === null ? null : `/hooks/${access.token}`,
    secret: access?.secret ?? null,
  };
}
