import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page.js';
import { MAX_NAMESPACE_LENGTH } from '../workflow-name.js';

export class ListWorkflowsQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ description: 'Only workflows of this namespace', maxLength: MAX_NAMESPACE_LENGTH, example: 'demo' })
  @IsString()
  @MaxLength(MAX_NAMESPACE_LENGTH)
  @IsOptional()
  namespace?: string;

  @ApiPropertyOptional({
    description: 'Only workflows from this source: `api`, or `fs:` and the name of a directory',
    maxLength: 200,
    example: 'api',
  })
  @IsString()
  @MaxLength(200)
  @IsOptional()
  source?: string;

  @ApiPropertyOptional({
    description: 'Only workflows with this text in their name or description',
    minLength: 1,
    maxLength: 200,
    example: 'orders',
  })
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  @IsOptional()
  q?: string;

  @ApiPropertyOptional({ description: 'Only workflows with this tag', maxLength: 100, example: 'nightly' })
  @IsString()
  @MaxLength(100)
  @IsOptional()
  tag?: string;
}
