import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsNumber, IsObject, IsOptional, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import type { JsonObject } from '../../../engine/index.js';
import { SEARCH_MODES, type Found, type SearchMode } from '../rag.types.js';

export const DEFAULT_TOP_K = 5;
export const MAX_TOP_K = 100;

export class QueryCollectionDto {
  @ApiProperty({ minLength: 1, maxLength: 10_000, example: 'How many days of leave are there?' })
  @IsString()
  @MinLength(1)
  @MaxLength(10_000)
  query: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_TOP_K, default: DEFAULT_TOP_K })
  @IsInt()
  @Min(1)
  @Max(MAX_TOP_K)
  @IsOptional()
  top_k?: number;

  @ApiPropertyOptional({ default: 0, minimum: -1, maximum: 1, description: 'Only what scores at least this', example: 0.4 })
  @IsNumber()
  @Min(-1)
  @Max(1)
  @IsOptional()
  score_threshold?: number;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description:
      'Over metadata: `{"source": "docs", "page": {"$gte": 3}}`; operators `$eq $ne $gt $gte $lt $lte $in $nin $exists`, joined by `$and`, `$or`, `$not`',
    example: { source: 'handbook' },
  })
  @IsObject()
  @IsOptional()
  filter?: JsonObject;

  @ApiPropertyOptional({
    enum: SEARCH_MODES,
    default: 'hybrid',
    description:
      'By meaning (score: cosine), by words (score: share of the best BM25 there could be), or by both (score: places in both rankings, joined)',
  })
  @IsIn(SEARCH_MODES)
  @IsOptional()
  mode?: SearchMode;

  @ApiPropertyOptional({ default: false, description: "Whether the collection's reranker orders what is found; the score is its own then" })
  @IsBoolean()
  @IsOptional()
  rerank?: boolean;
}

export class FoundDto {
  @ApiProperty({ example: 'Everybody has 30 days of leave a year.' })
  text: string;

  @ApiProperty({ example: 0.71 })
  score: number;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { source: 'handbook', page: 3 } })
  metadata: JsonObject;

  @ApiProperty({ example: 'leave-policy' })
  document_id: string;

  @ApiProperty({ type: 'integer', description: 'Its place in the document, from 0', example: 0 })
  chunk_index: number;
}

export class QueryResultDto {
  @ApiProperty({ type: FoundDto, isArray: true, description: 'Best first' })
  results: FoundDto[];
}

export function toFoundDto({ text, score, metadata, documentId, chunkIndex }: Found): FoundDto {
  return { text, score, metadata, document_id: documentId, chunk_index: chunkIndex };
}
