import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsArray, IsIn, IsInt, IsNotEmpty, IsObject, IsOptional, IsString, IsUUID, Max, MaxLength, Min } from 'class-validator';
import type { JsonObject } from '../../engine/index.js';
import { ROLES, type Role } from '../../platform/http/permissions.js';
import { MESH_WEBHOOK_EVENTS, type MeshWebhookEvent } from './webhook-events.js';

const OBJECT = { type: 'object', additionalProperties: true } as const;

export class RunMeshDto {
  @ApiProperty({ example: 'What is 2 + 2?' })
  @IsNotEmpty({ message: 'is required' })
  @IsString()
  task: string;

  @ApiPropertyOptional({
    ...OBJECT,
    description: 'mode, budget_usd, budget_tokens, timeout_s, max_steps',
    example: { mode: 'standard', budget_usd: 1 },
  })
  @IsObject()
  @IsOptional()
  policy?: JsonObject;

  @ApiPropertyOptional({ ...OBJECT, description: 'What else is known', example: {} })
  @IsObject()
  @IsOptional()
  context?: JsonObject;

  @ApiPropertyOptional({ description: 'A workflow to run instead of the pipeline', example: 'default/review' })
  @IsString()
  @MaxLength(400)
  @IsOptional()
  workflow?: string;
}

export class ListMeshRunsDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 500, default: 100 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  @IsOptional()
  limit: number = 100;

  @ApiPropertyOptional({ format: 'uuid', description: 'Only runs that are older than this one' })
  @IsUUID()
  @IsOptional()
  before?: string;
}

export class MeshGraphDto {
  @ApiPropertyOptional({ enum: ['mermaid', 'dot'], default: 'mermaid' })
  @IsIn(['mermaid', 'dot'])
  @IsOptional()
  format: 'mermaid' | 'dot' = 'mermaid';
}

export class MeshEventsDto {
  @ApiPropertyOptional({ description: 'Only events of this run' })
  @IsString()
  @MaxLength(100)
  @IsOptional()
  run_id?: string;
}

export class DecideMeshDto {
  @ApiPropertyOptional({ enum: ['approve', 'approved', 'reject', 'rejected'], example: 'approve' })
  @IsIn(['approve', 'approved', 'reject', 'rejected'])
  @IsOptional()
  decision?: 'approve' | 'approved' | 'reject' | 'rejected';

  @ApiPropertyOptional({ description: 'Who decided, if not the key', example: 'ada' })
  @IsString()
  @MaxLength(200)
  @IsOptional()
  reviewer_id?: string;

  @ApiPropertyOptional({ example: 'looks right' })
  @IsString()
  @MaxLength(9_000)
  @IsOptional()
  notes?: string;

  @ApiPropertyOptional({ description: 'Another name of `notes`' })
  @IsString()
  @MaxLength(9_000)
  @IsOptional()
  comment?: string;

  @ApiPropertyOptional({ description: 'The step that waits; needed when several do', example: 'publish_approval' })
  @IsString()
  @MaxLength(1_000)
  @IsOptional()
  node_id?: string;
}

export class CreateMeshKeyDto {
  @ApiProperty({ example: 'prod-key' })
  @MaxLength(200)
  @IsNotEmpty({ message: 'is required' })
  @IsString()
  name: string;

  @ApiPropertyOptional({ enum: ROLES, default: 'operator' })
  @IsIn(ROLES)
  @IsOptional()
  role?: Role;

  @ApiPropertyOptional({ example: 'default' })
  @MaxLength(63)
  @IsString()
  @IsOptional()
  tenant_id?: string;
}

export class CreateMeshWebhookDto {
  @ApiProperty({ format: 'uri', example: 'https://example.com/meshflow' })
  @MaxLength(2_000)
  @IsNotEmpty({ message: 'is required' })
  @IsString()
  url: string;

  @ApiPropertyOptional({ enum: MESH_WEBHOOK_EVENTS, isArray: true, default: ['*'] })
  @IsIn(MESH_WEBHOOK_EVENTS, { each: true })
  @IsArray()
  @IsOptional()
  events?: MeshWebhookEvent[];

  @ApiPropertyOptional({ description: 'What messages are signed with', default: '' })
  @MaxLength(500)
  @IsString()
  @IsOptional()
  secret?: string;
}

export class PushMeshTaskDto {
  @ApiProperty({
    ...OBJECT,
    description: '`{task, policy?, context?, workflow?}`, as POST /run takes it',
    example: { task: 'What is 2 + 2?' },
  })
  @IsObject()
  payload: JsonObject;

  @ApiPropertyOptional({ type: 'integer', minimum: -100, maximum: 100, default: 0 })
  @IsInt()
  @Min(-100)
  @Max(100)
  @IsOptional()
  priority?: number;
}
