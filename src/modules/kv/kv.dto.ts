import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Allow, IsDefined, IsOptional, IsString, MaxLength } from 'class-validator';
import type { Json } from '../../engine/index.js';
import { PageQueryDto } from '../../platform/http/page.js';
import { ANY_JSON } from '../runs/index.js';
import type { KvEntry } from './kv-store.js';

export class ListKvQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ maxLength: 64, description: 'Only entries of this namespace', example: 'sync' })
  @IsString()
  @MaxLength(64)
  @IsOptional()
  namespace?: string;

  @ApiPropertyOptional({ maxLength: 256, description: 'Only entries whose keys begin so', example: 'customers/' })
  @IsString()
  @MaxLength(256)
  @IsOptional()
  prefix?: string;
}

export class PutKvEntryDto {
  @ApiProperty({ ...ANY_JSON, description: 'Any JSON, up to 64 KiB', example: { cursor: 42 } })
  @Allow()
  @IsDefined()
  value: Json;
}

export class KvEntryDto {
  @ApiProperty({ example: 'sync' })
  namespace: string;

  @ApiProperty({ example: 'customers/cursor' })
  key: string;

  @ApiProperty({ ...ANY_JSON, example: { cursor: 42 } })
  value: Json;

  @ApiProperty({ type: 'string', format: 'date-time', description: 'When the value was written', example: '2030-01-01T12:00:00.000Z' })
  updated_at: string;
}

export function toKvEntryDto({ namespace, key, value, updatedAt }: KvEntry): KvEntryDto {
  return { namespace, key, value, updated_at: updatedAt.toISOString() };
}
