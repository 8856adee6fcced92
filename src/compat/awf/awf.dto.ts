import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsIn, IsInt, IsISO8601, IsObject, IsOptional, IsString, Max, MaxLength, Min, ValidateNested } from 'class-validator';
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

export class InputResponseDto {
  @ApiProperty({ description: 'The `prompt_id` of `input.required`; empty: whatever waits', example: '96ac1b43d8bb27da' })
  @IsString()
  @MaxLength(200)
  PromptID: string;

  @ApiProperty({ description: 'An empty text, `exit` or `quit` ends the conversation', example: 'The second one.' })
  @IsString()
  @MaxLength(100_000)
  Value: string;
}

export class RespondAwfDto {
  @ApiProperty()
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => InputResponseDto)
  response: InputResponseDto;
}

export const EVENT_FORMATS = ['named', 'plain'] as const;
export type EventFormat = (typeof EVENT_FORMATS)[number];

export class AwfEventsDto {
  @ApiPropertyOptional({
    enum: EVENT_FORMATS,
    default: 'named',
    description: '`plain`: messages without a name, as of version 0.11; what they are about is their `kind`',
  })
  @IsIn(EVENT_FORMATS)
  @IsOptional()
  format: EventFormat = 'named';
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
