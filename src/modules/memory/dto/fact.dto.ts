import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsNumber, IsObject, IsOptional, IsString, Length, Max, MaxLength, Min, MinLength } from 'class-validator';
import type { JsonObject } from '../../../engine/index.js';
import { PageQueryDto } from '../../../platform/http/page.js';
import type { EntryRow, EntrySource, FoundEntry } from '../entry.store.js';
import { metadataOf } from '../semantic-memory.js';

const TIME_EXAMPLE = '2030-01-01T12:00:00.000Z';
const ID_EXAMPLE = '0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b';
const SOURCES: readonly EntrySource[] = ['fact', 'turn'];
const MAX_TEXT = 4_000;
const MAX_TTL = 10 * 366 * 86_400;
const MAX_TOP_K = 100;
const DEFAULT_TOP_K = 5;

export class NewFactDto {
  @ApiProperty({ minLength: 1, maxLength: MAX_TEXT, example: 'Alice prefers to be called in the morning.' })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_TEXT)
  text: string;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 200,
    description: 'Whom it is about: recalled only in conversations about the same. Without one it is recalled in all',
    example: 'customer-17',
  })
  @IsString()
  @Length(1, 200)
  @IsOptional()
  subject?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { origin: 'crm' } })
  @IsObject()
  @IsOptional()
  metadata?: JsonObject;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_TTL, description: 'Seconds until it is forgotten', example: 86_400 })
  @IsInt()
  @Min(1)
  @Max(MAX_TTL)
  @IsOptional()
  ttl?: number;
}

export class FactDto {
  @ApiProperty({ format: 'uuid', example: ID_EXAMPLE })
  id: string;

  @ApiProperty({ example: 'Alice prefers to be called in the morning.' })
  text: string;

  @ApiProperty({ enum: SOURCES, description: '`fact`: stored by request; `turn`: kept of a conversation', example: 'fact' })
  source: EntrySource;

  @ApiProperty({ type: 'string', nullable: true, description: 'The conversation it was kept of', example: 'alice-1' })
  session_id: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: 'customer-17' })
  subject: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { origin: 'crm' } })
  metadata: JsonObject;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: TIME_EXAMPLE })
  expires_at: string | null;
}

export class ListFactsQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ enum: SOURCES, example: 'fact' })
  @IsIn(SOURCES)
  @IsOptional()
  source?: EntrySource;

  @ApiPropertyOptional({ minLength: 1, maxLength: 200, description: 'Only what is about this subject', example: 'customer-17' })
  @IsString()
  @Length(1, 200)
  @IsOptional()
  subject?: string;
}

export class SearchMemoryQueryDto {
  @ApiProperty({ minLength: 1, maxLength: MAX_TEXT, example: 'When can I call Alice?' })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_TEXT)
  query: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_TOP_K, default: DEFAULT_TOP_K, example: 5 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_TOP_K)
  @IsOptional()
  top_k: number = DEFAULT_TOP_K;

  @ApiPropertyOptional({
    type: 'number',
    minimum: -1,
    maximum: 1,
    default: -1,
    description: 'Only what scores at least this',
    example: 0.5,
  })
  @Type(() => Number)
  @IsNumber()
  @Min(-1)
  @Max(1)
  @IsOptional()
  score_threshold: number = -1;

  @ApiPropertyOptional({ minLength: 1, maxLength: 200, description: 'Only what is about this subject', example: 'customer-17' })
  @IsString()
  @Length(1, 200)
  @IsOptional()
  subject?: string;
}

export class RememberedDto {
  @ApiProperty({ format: 'uuid', description: 'For `DELETE /memory/{agent}/facts/{fact_id}`', example: ID_EXAMPLE })
  id: string;

  @ApiProperty({ example: 'Alice prefers to be called in the morning.' })
  text: string;

  @ApiProperty({ type: 'number', description: 'Cosine', example: 0.82 })
  score: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'Its own, with `source`, `timestamp`, and where known `session_id` and `subject`',
    example: { source: 'fact', timestamp: TIME_EXAMPLE },
  })
  metadata: JsonObject;
}

export class SearchMemoryResultDto {
  @ApiProperty({ type: [RememberedDto], description: 'Best first' })
  results: RememberedDto[];
}

export function toFact(row: EntryRow): FactDto {
  const { id, text, source, session, subject, metadata } = row;
  const created = row.created_at.toISOString();
  return {
    id,
    text,
    source,
    session_id: session,
    subject,
    metadata,
    created_at: created,
    expires_at: row.expires_at?.toISOString() ?? null,
  };
}

export function toRemembered(entry: FoundEntry): RememberedDto {
  return { id: entry.id, text: entry.text, score: entry.score, metadata: metadataOf(entry) };
}
