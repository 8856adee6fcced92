import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import type { JsonObject } from '../../engine/index.js';

const MAX_QUERY = 1_000_000;
const MAX_DOCUMENTS = 1_000;
export const COLLECTION_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

export class AstromeshRunDto {
  @ApiProperty({ example: 'What are the latest trends in AI?' })
  @IsString()
  @Length(1, MAX_QUERY)
  query: string;

  @ApiPropertyOptional({ description: 'The conversation that this is a turn of; a new one, if not said', example: 'sess_abc123' })
  @IsString()
  @Length(1, 200)
  @IsOptional()
  session_id?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'Values for the prompts' })
  @IsObject()
  @IsOptional()
  context?: JsonObject;
}

export class AstromeshHistoryDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 10_000, description: 'Only the last of them' })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(10_000)
  @IsOptional()
  limit?: number;
}

export class AstromeshSemanticDto {
  @ApiProperty({ example: 'deployment' })
  @IsString()
  @Length(1, 4_000)
  query: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 5 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  @IsOptional()
  top_k: number = 5;
}

/** Either pair of names. */
export class AstromeshExecuteDto {
  @ApiProperty({ example: 'web_search' })
  @ValidateIf((body: AstromeshExecuteDto) => body.tool_name === undefined)
  @IsString()
  @Length(1, 200)
  tool?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { query: 'Astromesh documentation', max_results: 3 } })
  @IsObject()
  @IsOptional()
  input?: JsonObject;

  @ApiPropertyOptional({ description: 'Another name of `tool`' })
  @IsString()
  @Length(1, 200)
  @IsOptional()
  tool_name?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'Another name of `input`' })
  @IsObject()
  @IsOptional()
  arguments?: JsonObject;
}

export class AstromeshDocumentDto {
  @ApiProperty({ example: 'Astromesh supports multiple LLM providers...' })
  @IsString()
  @MinLength(1)
  @MaxLength(10_000_000)
  text: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { source: 'docs', page: 1 } })
  @IsObject()
  @IsOptional()
  metadata?: JsonObject;
}

const namesPipeline = (body: { readonly pipeline?: string }): boolean => body.pipeline !== undefined;

/** `collection` with `documents`, or `pipeline` with one `document`. */
export class AstromeshIngestDto {
  @ApiProperty({ pattern: COLLECTION_NAME.source, example: 'product_docs' })
  @ValidateIf((body: AstromeshIngestDto) => !namesPipeline(body))
  @Matches(COLLECTION_NAME)
  collection?: string;

  @ApiProperty({ type: [AstromeshDocumentDto] })
  @ValidateIf((body: AstromeshIngestDto) => !namesPipeline(body))
  @ValidateNested({ each: true })
  @Type(() => AstromeshDocumentDto)
  @ArrayMaxSize(MAX_DOCUMENTS)
  @ArrayNotEmpty()
  @IsArray()
  documents?: AstromeshDocumentDto[];

  @ApiPropertyOptional({ type: 'integer', minimum: 50, maximum: 20_000, default: 512, description: 'Characters of a chunk' })
  @IsInt()
  @Min(50)
  @Max(20_000)
  @IsOptional()
  chunk_size?: number;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 20_000, default: 50, description: 'Characters that chunks share' })
  @IsInt()
  @Min(0)
  @Max(20_000)
  @IsOptional()
  chunk_overlap?: number;

  @ApiPropertyOptional({ description: 'A collection that is there already', example: 'product_docs' })
  @Matches(COLLECTION_NAME)
  @IsOptional()
  pipeline?: string;

  @ApiPropertyOptional({ description: 'With `pipeline`: the text' })
  @ValidateIf(namesPipeline)
  @IsString()
  @MinLength(1)
  @MaxLength(10_000_000)
  document?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'With `pipeline`: of the document' })
  @IsObject()
  @IsOptional()
  metadata?: JsonObject;

  @ApiPropertyOptional({ description: 'With `pipeline`: id of the document; taken from its text, if not said' })
  @IsString()
  @Length(1, 300)
  @IsOptional()
  doc_id_prefix?: string;
}

/** `collection`, or `pipeline`. */
export class AstromeshQueryDto {
  @ApiProperty({ example: 'product_docs' })
  @ValidateIf((body: AstromeshQueryDto) => !namesPipeline(body))
  @IsString()
  @Length(1, 200)
  collection?: string;

  @ApiPropertyOptional({ description: 'Another name of `collection`' })
  @IsString()
  @Length(1, 200)
  @IsOptional()
  pipeline?: string;

  @ApiProperty({ example: 'How does the model router work?' })
  @IsString()
  @Length(1, 10_000)
  query: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 5 })
  @IsInt()
  @Min(1)
  @Max(100)
  @IsOptional()
  top_k?: number;

  @ApiPropertyOptional({ type: 'number', minimum: -1, maximum: 1, default: 0 })
  @IsNumber()
  @Min(-1)
  @Max(1)
  @IsOptional()
  score_threshold?: number;
}

export class AstromeshDoctorDto {
  @ApiPropertyOptional({ enum: ['array', 'map'], default: 'array', description: '`map`: as the original’s command line reads it' })
  @IsIn(['array', 'map'])
  @IsOptional()
  format?: 'array' | 'map';
}

export class AstromeshWorkflowRunDto {
  @ApiPropertyOptional({ description: 'The input `query`, of workflows that have one' })
  @IsString()
  @MaxLength(MAX_QUERY)
  @IsOptional()
  query?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'The other inputs' })
  @IsObject()
  @IsOptional()
  trigger?: JsonObject;
}

export class AstromeshResumeDto {
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, default: {} })
  @IsObject()
  @IsOptional()
  payload?: JsonObject;
}

export class AstromeshDecisionDto {
  @ApiPropertyOptional({ description: 'Passed over: whoever has the key decides' })
  @IsString()
  @MaxLength(200)
  @IsOptional()
  approver?: string;

  @ApiPropertyOptional()
  @IsString()
  @MaxLength(10_000)
  @IsOptional()
  comment?: string;
}

export class AstromeshApprovalsDto {
  @ApiPropertyOptional({ description: 'Only those that this reviewer may decide' })
  @IsString()
  @MaxLength(200)
  @IsOptional()
  approver?: string;
}
