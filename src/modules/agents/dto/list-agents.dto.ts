import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type as Convert } from 'class-transformer';
import { IsBoolean, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page.js';

export class ListAgentsQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ type: 'string', description: 'Part of the name or the description' })
  @IsString()
  @MaxLength(200)
  @IsOptional()
  q?: string;

  @ApiPropertyOptional({ type: 'string', description: '`api`, or `fs:` and the name of a directory' })
  @IsString()
  @MaxLength(200)
  @IsOptional()
  source?: string;
}

export class StoreAgentQueryDto {
  @ApiPropertyOptional({ type: 'boolean', default: false, description: 'Whether no run of it starts until it is deployed' })
  @Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : (value as unknown)))
  @IsBoolean()
  @IsOptional()
  draft?: boolean;
}

export class AgentVersionQueryDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, description: 'Which version; the latest if not said' })
  @Convert(() => Number)
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  @IsOptional()
  version?: number;
}
