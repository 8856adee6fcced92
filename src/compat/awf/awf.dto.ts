import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsISO8601, IsObject, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import type { JsonObject } from '../../engine/index.js';
import { HISTORY_STATUSES, type HistoryStatus } from './execution-views.js';

export class RunAwfDto {
  @ApiProperty({ type: 'object', additionalProperties: true, example: { file: 'main.go', model: 'claude-opus-4-20250805' } })
  @IsObject()
  inputs: JsonObject;
}

export class ResumeAwfDto {
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { model: 'claude-sonnet-4-20250514' } })
  @IsObject()
  @IsOptional()
  input_overrides?: JsonObject;

  @ApiPropertyOptional({ description: 'A step, or `current` or `previous`', example: 'analyze' })
  @IsString()
  @MaxLength(400)
  @IsOptional()
  from_step?: string;
}

export class AwfStatsDto {
  @ApiPropertyOptional({ example: 'code-review' })
  @IsString()
  @MaxLength(400)
  @IsOptional()
  workflow?: string;

  @ApiPropertyOptional({ enum: HISTORY_STATUSES })
  @IsIn(HISTORY_STATUSES)
  @IsOptional()
  status?: HistoryStatus;

  @ApiPropertyOptional({ format: 'date-time', description: 'Completed then or later' })
  @IsISO8601({ strict: true })
  @IsOptional()
  since?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Completed then or before' })
  @IsISO8601({ strict: true })
  @IsOptional()
  until?: string;
}

export class AwfHistoryDto extends AwfStatsDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 1_000, default: 20 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000)
  @IsOptional()
  limit: number = 20;
}
