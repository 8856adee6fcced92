import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsISO8601, IsObject, IsOptional, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import type { JsonObject } from '../../engine/index.js';
import { FLWD_STATUSES, type FlwdStatus } from './run-views.js';

/** All runs of a reader are read at once. */
const MAX_LIMIT = 10_000;

export class ListFlwdJobsDto {
  @ApiPropertyOptional({ description: 'Only jobs from this source', example: 'local-fs' })
  @IsString()
  @MaxLength(200)
  @IsOptional()
  source?: string;

  @ApiPropertyOptional({ description: 'Only jobs of this namespace', example: 'backup' })
  @IsString()
  @MaxLength(259)
  @IsOptional()
  namespace?: string;
}

export class CreateFlwdRunDto {
  @ApiProperty({ example: 'backup/daily' })
  @IsString()
  @MinLength(1)
  @MaxLength(400)
  job_id: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { target: '/mnt/backup' } })
  @IsObject()
  @IsOptional()
  args?: JsonObject;

  @ApiPropertyOptional({ description: 'The tenant of the key, which `default` always means', default: 'default' })
  @IsString()
  @MaxLength(100)
  @IsOptional()
  tenant?: string;

  @ApiPropertyOptional({ description: 'Answer at once instead of when the run is over', default: false })
  @IsBoolean()
  @IsOptional()
  async?: boolean;
}

export class ListFlwdRunsDto {
  @ApiPropertyOptional({ example: 'backup/daily' })
  @IsString()
  @MaxLength(400)
  @IsOptional()
  job_id?: string;

  @ApiPropertyOptional({ enum: FLWD_STATUSES })
  @IsIn(FLWD_STATUSES)
  @IsOptional()
  status?: FlwdStatus;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: 100 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_LIMIT)
  @IsOptional()
  limit: number = 100;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: MAX_LIMIT, default: 0 })
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(MAX_LIMIT)
  @IsOptional()
  offset: number = 0;
}

export class FlwdLogsDto {
  @ApiPropertyOptional({ enum: ['true', 'false'], description: 'Stream as server-sent events' })
  @IsIn(['true', 'false', '1', '0', ''])
  @IsOptional()
  follow?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Only lines of this time and later', example: '2024-01-15T10:30:00Z' })
  @IsISO8601({ strict: true })
  @IsOptional()
  since?: string;
}

export class ListFlwdArtifactsDto {
  @ApiPropertyOptional({ example: 'run_01HM6C7Q9S0000000000000000' })
  @IsString()
  @MaxLength(64)
  @IsOptional()
  run_id?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: 100 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_LIMIT)
  @IsOptional()
  limit: number = 100;
}

export class FlwdEventsDto {
  @ApiPropertyOptional({ description: 'Events of this run, from its beginning' })
  @IsString()
  @MaxLength(64)
  @IsOptional()
  run_id?: string;

  @ApiPropertyOptional({ description: 'Events of the runs of this job' })
  @IsString()
  @MaxLength(400)
  @IsOptional()
  job_id?: string;

  @ApiPropertyOptional({ description: 'The `id` to go on after, as the header `Last-Event-ID`' })
  @IsString()
  @MaxLength(100)
  @IsOptional()
  last_event_id?: string;
}
