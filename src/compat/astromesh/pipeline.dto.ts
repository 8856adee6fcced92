import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  Equals,
  IsDefined,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  IsUrl,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { COLLECTION_NAME } from './astromesh.dto.js';

const STRATEGIES = ['recursive', 'fixed', 'sentence', 'semantic'] as const;
const PROVIDERS = ['local', 'ollama', 'openai', 'openai_compatible'] as const;

class PipelineMetadataDto {
  @ApiProperty({ pattern: COLLECTION_NAME.source, example: 'product_docs' })
  @Matches(COLLECTION_NAME)
  name: string;
}

class PipelineChunkingDto {
  @ApiPropertyOptional({ enum: STRATEGIES, default: 'recursive' })
  @IsIn(STRATEGIES)
  @IsOptional()
  strategy?: (typeof STRATEGIES)[number];

  @ApiPropertyOptional({ type: 'integer', minimum: 50, maximum: 20_000, default: 500 })
  @IsInt()
  @Min(50)
  @Max(20_000)
  @IsOptional()
  chunk_size?: number;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 20_000, default: 50 })
  @IsInt()
  @Min(0)
  @Max(20_000)
  @IsOptional()
  overlap?: number;
}

class PipelineEmbeddingsDto {
  @ApiPropertyOptional({ enum: PROVIDERS, default: 'local', description: '`local`: the model that ships with the server' })
  @IsIn(PROVIDERS)
  @IsOptional()
  provider?: (typeof PROVIDERS)[number];

  @ApiPropertyOptional({ example: 'nomic-embed-text' })
  @IsString()
  @Length(1, 200)
  @IsOptional()
  model?: string;

  @ApiPropertyOptional({ format: 'uri', example: 'http://localhost:11434' })
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  @IsOptional()
  endpoint?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 4_000 })
  @IsInt()
  @Min(1)
  @Max(4_000)
  @IsOptional()
  dimension?: number;
}

class PipelineRerankingDto {
  @ApiPropertyOptional({ type: 'boolean', description: 'There is none here', default: false })
  @Equals(false)
  @IsOptional()
  enabled?: false;
}

class PipelineSpecDto {
  @ApiPropertyOptional()
  @IsString()
  @MaxLength(1_000)
  @IsOptional()
  description?: string;

  @ApiPropertyOptional({ type: () => PipelineChunkingDto })
  @ValidateNested()
  @Type(() => PipelineChunkingDto)
  @IsObject()
  @IsOptional()
  chunking?: PipelineChunkingDto;

  @ApiPropertyOptional({ type: () => PipelineEmbeddingsDto })
  @ValidateNested()
  @Type(() => PipelineEmbeddingsDto)
  @IsObject()
  @IsOptional()
  embeddings?: PipelineEmbeddingsDto;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'Passed over: vectors are in Postgres' })
  @IsObject()
  @IsOptional()
  vector_store?: object;

  @ApiPropertyOptional({ type: () => PipelineRerankingDto })
  @ValidateNested()
  @Type(() => PipelineRerankingDto)
  @IsObject()
  @IsOptional()
  reranking?: PipelineRerankingDto;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'Passed over: queries say so themselves' })
  @IsObject()
  @IsOptional()
  retrieval?: object;
}

export class AstromeshPipelineDto {
  @ApiProperty({ type: () => PipelineMetadataDto })
  @ValidateNested()
  @Type(() => PipelineMetadataDto)
  @IsObject()
  @IsDefined()
  metadata: PipelineMetadataDto;

  @ApiPropertyOptional({ type: () => PipelineSpecDto })
  @ValidateNested()
  @Type(() => PipelineSpecDto)
  @IsObject()
  @IsOptional()
  spec?: PipelineSpecDto;
}
