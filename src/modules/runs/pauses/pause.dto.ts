import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { PauseDto } from '../../workflows/index.js';

export class PauseWorkflowDto {
  @ApiPropertyOptional({
    description: 'Shown with the workflow and to whoever asks why a run does not start',
    maxLength: 1000,
    example: 'the partner is down',
  })
  @IsString()
  @MaxLength(1000)
  @IsOptional()
  reason?: string;
}

@ApiExtraModels(PauseDto)
export class WorkflowPauseDto {
  @ApiProperty({ type: 'string', format: 'uuid', example: '019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c' })
  id: string;

  @ApiProperty({ description: '`namespace/name`', example: 'demo/orders' })
  name: string;

  @ApiProperty({ nullable: true, allOf: [{ $ref: getSchemaPath(PauseDto) }], description: 'Null: it is not paused' })
  paused: PauseDto | null;
}
