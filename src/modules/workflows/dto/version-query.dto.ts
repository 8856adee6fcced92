import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { GRAPH_FORMATS, type GraphFormat } from '../../../engine/graph/index.js';

export class VersionQueryDto {
  @ApiPropertyOptional({ type: 'integer', description: 'A version; by default the latest', minimum: 1, maximum: 2_147_483_647, example: 1 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  @IsOptional()
  version?: number;
}

export class GraphQueryDto extends VersionQueryDto {
  @ApiPropertyOptional({ enum: GRAPH_FORMATS, default: 'json' })
  @IsIn(GRAPH_FORMATS)
  @IsOptional()
  format: GraphFormat = 'json';
}
