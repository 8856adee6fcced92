import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsObject, IsOptional, IsString, Max, MaxLength, Min, ValidateIf } from 'class-validator';
import type { JsonObject } from '../../../engine/index.js';

export class RootPageDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 10_000, default: 1 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(10_000)
  @IsOptional()
  page: number = 1;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 200, default: 50 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  @IsOptional()
  per_page: number = 50;
}

/** What to plan or run. */
export class RootRequestDto {
  @ApiPropertyOptional({ description: 'Required, here or as `job`', example: 'backup/daily' })
  @IsString()
  @MaxLength(400)
  @IsOptional()
  job_id?: string;

  @ApiPropertyOptional({ description: 'The same as `job_id`' })
  @IsString()
  @MaxLength(400)
  @IsOptional()
  job?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { target: '/mnt/backup' } })
  @IsObject()
  @IsOptional()
  args?: JsonObject;

  @ApiPropertyOptional({
    oneOf: [{ type: 'string' }, { type: 'object', properties: { name: { type: 'string' } } }],
    description: 'The source that the job has to be of',
    example: { name: 'local-fs' },
  })
  @ValidateIf(({ source }: RootRequestDto) => typeof source !== 'string')
  @IsObject()
  @IsOptional()
  source?: string | JsonObject;

  @ApiPropertyOptional({ enum: ['secure', 'permissive', 'disabled'], description: 'Only `disabled` can be had' })
  @IsString()
  @MaxLength(40)
  @IsOptional()
  requested_security_profile?: string;
}

export class RootEventsDto {
  @ApiPropertyOptional({ description: 'The `id` to go on after, as the header `Last-Event-ID`' })
  @IsString()
  @MaxLength(100)
  @IsOptional()
  last_event_id?: string;
}

export class RootAllEventsDto extends RootEventsDto {
  @ApiPropertyOptional({ description: 'Only events of this run' })
  @IsString()
  @MaxLength(64)
  @IsOptional()
  run_id?: string;
}

export class RootKvListDto {
  @ApiPropertyOptional({ description: 'Only keys that begin so' })
  @IsString()
  @MaxLength(256)
  @IsOptional()
  prefix?: string;

  @ApiPropertyOptional({ description: 'The `nextCursor` of the page before' })
  @IsString()
  @IsOptional()
  cursor?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 500, default: 256 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  @IsOptional()
  limit: number = 256;
}

export class RootKvValueDto {
  @ApiPropertyOptional({ description: 'Base64, of at most 8 KiB', example: 'aGVsbG8=' })
  @IsString()
  value: string;
}
