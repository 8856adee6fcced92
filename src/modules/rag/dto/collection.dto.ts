import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { CHUNKING_STRATEGIES, type ChunkingStrategy } from '../chunking/index.js';
import type { CollectionSize } from '../collection.store.js';
import type { Collection } from '../rag.types.js';

const TIME_EXAMPLE = '2030-01-01T12:00:00.000Z';
const EMBEDDING_PROVIDERS = ['local', 'openai', 'openai_compatible'] as const;
const URL_RULE = { require_tld: false, protocols: ['http', 'https'], require_protocol: true };
const VARIABLE = /^[A-Z][A-Z0-9_]{0,99}$/;

export const DEFAULT_CHUNKING = { strategy: 'recursive', chunk_size: 500, chunk_overlap: 50 } as const;

export class ChunkingDto {
  @ApiPropertyOptional({
    enum: CHUNKING_STRATEGIES,
    default: DEFAULT_CHUNKING.strategy,
    description:
      'Where documents are cut: at separators, at exactly `chunk_size`, between sentences, at headings, or where the subject changes',
  })
  @IsIn(CHUNKING_STRATEGIES)
  @IsOptional()
  strategy?: ChunkingStrategy;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 50,
    maximum: 20_000,
    default: DEFAULT_CHUNKING.chunk_size,
    description: 'Characters of a chunk at most',
  })
  @IsInt()
  @Min(50)
  @Max(20_000)
  @IsOptional()
  chunk_size?: number;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    default: DEFAULT_CHUNKING.chunk_overlap,
    description: 'Characters that a chunk repeats of the one before; less than `chunk_size`',
  })
  @IsInt()
  @Min(0)
  @IsOptional()
  chunk_overlap?: number;
}

export class EmbeddingDto {
  @ApiProperty({ enum: EMBEDDING_PROVIDERS, description: '`local`: the model that ships with the server, for English' })
  @IsIn(EMBEDDING_PROVIDERS)
  provider: (typeof EMBEDDING_PROVIDERS)[number];

  @ApiPropertyOptional({ maxLength: 200, description: 'Needed unless `local`', example: 'nomic-embed-text' })
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  @IsOptional()
  model?: string;

  @ApiPropertyOptional({
    format: 'uri',
    description: 'Of an `openai_compatible` endpoint, without `/embeddings`',
    example: 'http://localhost:11434/v1',
  })
  @IsUrl(URL_RULE)
  @MaxLength(2_000)
  @IsOptional()
  base_url?: string;

  @ApiPropertyOptional({ description: "Variable of the server's environment that holds the key", example: 'OPENAI_API_KEY' })
  @Matches(VARIABLE)
  @IsOptional()
  api_key_env?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 4_000,
    description: 'Length of the vectors; asked of the model when not given',
    example: 768,
  })
  @IsInt()
  @Min(1)
  @Max(4_000)
  @IsOptional()
  dimensions?: number;

  @ApiPropertyOptional({
    default: false,
    description: 'Whether `dimensions` is sent to the endpoint, for models that can shorten their vectors',
  })
  @IsBoolean()
  @IsOptional()
  request_dimensions?: boolean;
}

export class RerankerDto {
  @ApiProperty({ maxLength: 200, example: 'rerank-v3.5' })
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  model: string;

  @ApiProperty({ format: 'uri', description: 'Of an endpoint with `POST /rerank`', example: 'https://api.example.com/v2' })
  @IsUrl(URL_RULE)
  @MaxLength(2_000)
  base_url: string;

  @ApiPropertyOptional({ example: 'RERANK_API_KEY' })
  @Matches(VARIABLE)
  @IsOptional()
  api_key_env?: string;
}

export class CreateCollectionDto {
  @ApiProperty({ pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$', example: 'handbook' })
  @Matches(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/)
  name: string;

  @ApiPropertyOptional({ maxLength: 1_000, example: 'How we work' })
  @IsString()
  @MaxLength(1_000)
  @IsOptional()
  description?: string;

  @ApiPropertyOptional({ type: EmbeddingDto, description: 'It belongs to the collection for good; `local` when not given' })
  @ValidateNested()
  @Type(() => EmbeddingDto)
  @IsObject()
  @IsOptional()
  embedding?: EmbeddingDto;

  @ApiPropertyOptional({ type: ChunkingDto, description: 'For documents that do not say otherwise' })
  @ValidateNested()
  @Type(() => ChunkingDto)
  @IsObject()
  @IsOptional()
  chunking?: ChunkingDto;

  @ApiPropertyOptional({
    default: 'english',
    description: 'Text search configuration of Postgres: whose stems words are compared by',
    example: 'german',
  })
  @Matches(/^[a-z_]{1,63}$/)
  @IsOptional()
  language?: string;

  @ApiPropertyOptional({ type: RerankerDto, description: 'A model that reads query and text together, for queries that ask for it' })
  @ValidateNested()
  @Type(() => RerankerDto)
  @IsObject()
  @IsOptional()
  reranker?: RerankerDto;
}

export class CollectionEmbeddingDto {
  @ApiProperty({ enum: ['local', 'openai_compatible'], example: 'local' })
  provider: string;

  @ApiProperty({ example: 'universal-sentence-encoder-lite' })
  model: string;

  @ApiPropertyOptional({ format: 'uri' })
  base_url?: string;

  @ApiPropertyOptional()
  api_key_env?: string;

  @ApiProperty({ type: 'integer', example: 512 })
  dimensions: number;

  @ApiPropertyOptional()
  request_dimensions?: boolean;
}

export class StoredChunkingDto {
  @ApiProperty({ enum: CHUNKING_STRATEGIES, example: 'recursive' })
  strategy: ChunkingStrategy;

  @ApiProperty({ type: 'integer', example: 500 })
  chunk_size: number;

  @ApiProperty({ type: 'integer', example: 50 })
  chunk_overlap: number;
}

export class CollectionSummaryDto {
  @ApiProperty({ type: 'string', format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'handbook' })
  name: string;

  @ApiProperty({ type: 'string', nullable: true })
  description: string | null;

  @ApiProperty({ type: CollectionEmbeddingDto })
  embedding: CollectionEmbeddingDto;

  @ApiProperty({ type: StoredChunkingDto })
  chunking: StoredChunkingDto;

  @ApiProperty({ example: 'english' })
  language: string;

  @ApiProperty({ type: RerankerDto, nullable: true })
  reranker: RerankerDto | null;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  updated_at: string;
}

export class CollectionDto extends CollectionSummaryDto {
  @ApiProperty({ type: 'integer', example: 12 })
  documents: number;

  @ApiProperty({ type: 'integer', example: 340 })
  chunks: number;
}

export function toCollectionSummary(collection: Collection): CollectionSummaryDto {
  const { id, name, description, embedding, chunking, language, reranker, createdAt, updatedAt } = collection;
  return {
    id,
    name,
    description,
    embedding: { ...embedding },
    chunking: { ...chunking },
    language,
    reranker: reranker === null ? null : { ...reranker },
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  };
}

export function toCollectionDto(collection: Collection, size: CollectionSize): CollectionDto {
  return { ...toCollectionSummary(collection), ...size };
}
