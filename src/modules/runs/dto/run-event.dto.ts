import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsIn, IsInt, IsISO8601, IsOptional, IsString, IsUUID, Matches, Max, MaxLength, Min } from 'class-validator';
import { type JsonObject, type LogLevel, RUN_EVENT_TYPES, type RunEventType } from '../../../engine/index.js';
import { PageQueryDto } from '../../../platform/http/page.js';
import { LOG_LEVELS, LOG_STREAMS, type LogStream } from '../queries/log-lines.js';
import { splitList } from './split-list.js';
import { RUN_ID_EXAMPLE } from './run.dto.js';

export class RunEventDto {
  @ApiProperty({ format: 'uuid', example: RUN_ID_EXAMPLE })
  run_id: string;

  @ApiProperty({ type: 'integer', minimum: 1, description: 'Starts at 1 and has no gaps within a run', example: 4 })
  seq: number;

  @ApiProperty({ enum: RUN_EVENT_TYPES, example: 'step.completed' })
  type: RunEventType;

  @ApiProperty({ format: 'date-time', example: '2026-03-01T12:00:00.012Z' })
  at: string;

  @ApiPropertyOptional({ description: 'Path of the step', example: 'fetch' })
  step?: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description:
      'What the type says: inputs, output, error, … An output too large for the log is the artifact `output_ref` {id, size, sha256} instead',
    example: { output: { status: 200 } },
  })
  data: JsonObject;
}

const TYPES_DESCRIPTION = 'Event types, with commas between';

export class RunEventsQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ type: 'string', description: TYPES_DESCRIPTION, example: 'step.completed,step.failed' })
  @Transform(splitList)
  @IsIn(RUN_EVENT_TYPES, { each: true })
  @IsOptional()
  types?: RunEventType[];

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    description: 'Events after this sequence number; on a stream, `Last-Event-ID` goes before it',
    example: 0,
  })
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(2_147_483_647)
  @IsOptional()
  after?: number;
}

export class TenantEventsQueryDto {
  @ApiPropertyOptional({ type: 'string', description: TYPES_DESCRIPTION, example: 'run.completed,run.failed,run.cancelled' })
  @Transform(splitList)
  @IsIn(RUN_EVENT_TYPES, { each: true })
  @IsOptional()
  types?: RunEventType[];

  @ApiPropertyOptional({ description: 'Id or `namespace/name` of a workflow', example: 'demo/orders' })
  @IsString()
  @MaxLength(400)
  @IsOptional()
  workflow?: string;

  @ApiPropertyOptional({ description: 'Name of an agent' })
  @IsString()
  @MaxLength(400)
  @IsOptional()
  agent?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'One run' })
  @IsUUID()
  @IsOptional()
  run_id?: string;

  @ApiPropertyOptional({
    description: 'Goes on after the event with this `id`; `0` is the beginning; absent means from now on. `Last-Event-ID` goes before it',
    example: '0',
  })
  @IsString()
  @MaxLength(100)
  @IsOptional()
  after?: string;
}

export class LogLineDto {
  @ApiProperty({ format: 'uuid', example: RUN_ID_EXAMPLE })
  run_id: string;

  @ApiProperty({ type: 'integer', minimum: 1, description: "The event's sequence number", example: 7 })
  seq: number;

  @ApiProperty({ format: 'date-time', example: '2026-03-01T12:00:00.012Z' })
  at: string;

  @ApiProperty({ description: 'Path of the step that wrote it', example: 'done' })
  step: string;

  @ApiProperty({ enum: LOG_STREAMS, example: 'log' })
  stream: LogStream;

  @ApiProperty({ enum: LOG_LEVELS, example: 'info' })
  level: LogLevel;

  @ApiProperty({ example: 'priced 12 orders' })
  message: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  fields?: JsonObject;
}

export class RunLogsQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ enum: ['true', 'false'], description: '`true` streams the log as SSE until the run is over', example: 'true' })
  @Matches(/^(true|false)$/, { message: 'must be true or false' })
  @IsOptional()
  follow?: 'true' | 'false';

  @ApiPropertyOptional({ enum: LOG_LEVELS, description: 'The least level shown', example: 'info' })
  @IsIn(LOG_LEVELS)
  @IsOptional()
  level?: LogLevel;

  @ApiPropertyOptional({ description: 'Path of a step; its items and inner steps count in', example: 'price' })
  @IsString()
  @MaxLength(400)
  @IsOptional()
  step?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Lines of this time or later', example: '2026-03-01T12:00:00Z' })
  @IsISO8601({ strict: true })
  @IsOptional()
  since?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, description: 'Lines after this sequence number', example: 0 })
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(2_147_483_647)
  @IsOptional()
  after?: number;
}
