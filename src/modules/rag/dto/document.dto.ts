import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsObject,
  IsOptional,
  IsString,
  Length,
  MaxLength,
  MinLength,
  ValidateNested,
} from 'class-validator';
import type { JsonObject } from '../../../engine/index.js';
import type { DocumentRow } from '../document.store.js';
import { ChunkingDto, StoredChunkingDto } from './collection.dto.js';

const TIME_EXAMPLE = '2030-01-01T12:00:00.000Z';
export const MAX_DOCUMENTS = 1_000;

export class NewDocumentDto {
  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 300,
    description: 'Unique in the collection: the same again replaces the document. Taken from the content when not given',
    example: 'leave-policy',
  })
  @IsString()
  @Length(1, 300)
  @IsOptional()
  id?: string;

  @ApiProperty({ minLength: 1, example: 'Everybody has 30 days of leave a year. Up to five of them go over to the next.' })
  @IsString()
  @MinLength(1)
  @MaxLength(10_000_000)
  text: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { source: 'handbook', page: 3 } })
  @IsObject()
  @IsOptional()
  metadata?: JsonObject;
}

export class IngestDto {
  @ApiProperty({ type: NewDocumentDto, isArray: true, minItems: 1, maxItems: MAX_DOCUMENTS })
  @ValidateNested({ each: true })
  @Type(() => NewDocumentDto)
  @ArrayMaxSize(MAX_DOCUMENTS)
  @ArrayNotEmpty()
  @IsArray()
  documents: NewDocumentDto[];

  @ApiPropertyOptional({ type: ChunkingDto, description: 'What it does not say, the collection does' })
  @ValidateNested()
  @Type(() => ChunkingDto)
  @IsObject()
  @IsOptional()
  chunking?: ChunkingDto;
}

export class IngestResultDto {
  @ApiProperty({ type: 'integer', example: 1 })
  documents_ingested: number;

  @ApiProperty({ type: 'integer', example: 4 })
  chunks_created: number;

  @ApiProperty({ type: 'integer', description: 'They were there with the same content and chunking: nothing was done', example: 0 })
  documents_unchanged: number;
}

export class DocumentSummaryDto {
  @ApiProperty({ example: 'leave-policy' })
  id: string;

  @ApiProperty({ enum: ['indexed', 'pending'], description: '`pending`: its present content cannot be found yet', example: 'indexed' })
  status: 'indexed' | 'pending';

  @ApiProperty({ type: 'integer', example: 2_200 })
  characters: number;

  @ApiProperty({ type: 'integer', nullable: true, example: 5 })
  chunks: number | null;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { source: 'handbook' } })
  metadata: JsonObject;

  @ApiProperty({ type: StoredChunkingDto })
  chunking: StoredChunkingDto;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  updated_at: string;
}

export class DocumentDto extends DocumentSummaryDto {
  @ApiProperty({ example: 'Everybody has 30 days of leave a year.' })
  text: string;
}

export function toDocumentSummary(row: DocumentRow): DocumentSummaryDto {
  const { id, characters, chunks, metadata, chunking } = row;
  return {
    id,
    status: chunks === null ? 'pending' : 'indexed',
    characters,
    chunks,
    metadata,
    chunking,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
