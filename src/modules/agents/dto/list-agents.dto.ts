import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type as Convert } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
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

export class AgentVersionQueryDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, description: 'Which version; the latest if not said' })
  @Convert(() => Number)
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  @IsOptional()
  version?: number;
}
