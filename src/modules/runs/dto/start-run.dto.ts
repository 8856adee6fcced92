import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsInt, IsISO8601, IsObject, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import type { JsonObject } from '../../../engine/index.js';

export class StartRunDto {
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: "What the workflow's input schema asks for",
    example: { url: 'https://example.org/orders.json', factor: 2 },
  })
  @IsObject()
  @IsOptional()
  inputs?: JsonObject;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: -100,
    maximum: 100,
    description: 'Higher runs first; the definition says the default',
    example: 10,
  })
  @IsInt()
  @Min(-100)
  @Max(100)
  @IsOptional()
  priority?: number;

  @ApiPropertyOptional({ format: 'date-time', description: 'Not before this time', example: '2026-03-01T12:00:00Z' })
  @IsISO8601({ strict: true })
  @IsOptional()
  run_at?: string;

  @ApiPropertyOptional({
    description: 'Overrides the key the definition computes; runs with equal keys share its limit',
    maxLength: 256,
    example: 'customer-17',
  })
  @IsString()
  @Length(1, 256)
  @IsOptional()
  concurrency_key?: string;

  @ApiPropertyOptional({ type: [String], maxItems: 32, description: 'For finding the run again', example: ['nightly'] })
  @IsArray()
  @ArrayMaxSize(32)
  @IsString({ each: true })
  @Length(1, 100, { each: true })
  @IsOptional()
  tags?: string[];

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 31_536_000_000,
    description: 'Limit of the whole run, waiting included',
    example: 60000,
  })
  @IsInt()
  @Min(1)
  @Max(31_536_000_000)
  @IsOptional()
  timeout_ms?: number;
}

export class StartRunQueryDto {
  @ApiPropertyOptional({
    description:
      'Holds the answer until the run is over, at most this long (`30s`, `1500ms`, `2m`; a number alone is seconds; up to 300 s)',
    example: '30s',
  })
  @IsString()
  @IsOptional()
  wait?: string;

  @ApiPropertyOptional({ description: 'A version of the workflow instead of its latest', type: 'integer', minimum: 1, example: 3 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  @IsOptional()
  version?: number;
}
