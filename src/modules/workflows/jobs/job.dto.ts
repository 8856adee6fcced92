import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { viewWorkflow } from '../../../engine/workflow/index.js';
import type { WorkflowDefinition } from '../../../engine/model/definition.js';
import type { JsonObject } from '../../../engine/model/json.js';
import { PageQueryDto } from '../../../platform/http/page.js';
import { WorkflowFileErrorDto } from '../files/dto/workflow-source.dto.js';
import { DEFINITION_FORMATS, type DefinitionFormatName } from '../origin.js';
import { MAX_NAMESPACE_LENGTH } from '../workflow-name.js';

const ID_EXAMPLE = '019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c';
const TIME_EXAMPLE = '2030-01-01T12:00:00.000Z';

export class ListJobsQueryDto extends PageQueryDto {
  @ApiPropertyOptional({
    description: 'Only jobs from this source: `api`, or the name of a directory with or without `fs:`',
    maxLength: 200,
    example: 'jobs',
  })
  @IsString()
  @MaxLength(200)
  @IsOptional()
  source?: string;

  @ApiPropertyOptional({ description: 'Only jobs of this namespace', maxLength: MAX_NAMESPACE_LENGTH, example: 'ops/backup' })
  @IsString()
  @MaxLength(MAX_NAMESPACE_LENGTH)
  @IsOptional()
  namespace?: string;
}

class JobWorkflowDto {
  @ApiProperty({ type: 'string', format: 'uuid', example: ID_EXAMPLE })
  id: string;

  @ApiProperty({ type: 'integer', minimum: 1, example: 3 })
  version: number;

  @ApiProperty({ type: 'string', format: 'uuid', description: 'The id of that version', example: ID_EXAMPLE })
  version_id: string;
}

export class JobDto {
  @ApiProperty({ description: '`namespace/name`; also what a run is started with', example: 'ops/backup/daily' })
  id: string;

  @ApiProperty({ example: 'daily' })
  name: string;

  @ApiProperty({ example: 'ops/backup' })
  namespace: string;

  @ApiProperty({ description: 'The version that its author gives it, else the number of the workflow’s', example: '1.4.0' })
  version: string;

  @ApiProperty({ type: 'string', nullable: true, example: 'Backs up what matters' })
  description: string | null;

  @ApiProperty({ description: '`api`, or `fs:` and the name of a directory', example: 'fs:jobs' })
  source: string;

  @ApiProperty({ enum: DEFINITION_FORMATS, description: 'How it is written', example: 'flwd' })
  format: DefinitionFormatName;

  @ApiProperty({ type: 'string', nullable: true, description: 'Where it lies in its directory', example: 'ops/backup/daily' })
  path: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'JSON Schema 2020-12 of its arguments, the inputs of its runs' })
  args: JsonObject;

  @ApiProperty({ type: 'string', isArray: true, example: ['nightly'] })
  tags: string[];

  @ApiProperty({ type: 'integer', nullable: true, description: 'Limit of a run, in milliseconds', example: 3_600_000 })
  timeout_ms: number | null;

  @ApiProperty({ type: JobWorkflowDto, description: 'The workflow that it is' })
  workflow: JobWorkflowDto;

  @ApiProperty({
    type: WorkflowFileErrorDto,
    nullable: true,
    description: 'Why what its file says now could not be loaded; the job is what it was before',
  })
  error: WorkflowFileErrorDto | null;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;

  @ApiProperty({ type: 'string', format: 'date-time', description: 'When its version was stored', example: TIME_EXAMPLE })
  updated_at: string;
}

export class JobStepDto {
  @ApiProperty({ example: 'dump' })
  id: string;

  @ApiProperty({ example: 'Dump the database' })
  name: string;

  @ApiProperty({ description: 'The type of its node or state', example: 'shell.exec' })
  type: string;

  @ApiProperty({ type: 'string', isArray: true, description: 'Ids of the steps before it', example: [] })
  needs: string[];
}

export class JobDetailDto extends JobDto {
  @ApiProperty({ type: JobStepDto, isArray: true })
  steps: JobStepDto[];
}

export function toJobSteps(definition: WorkflowDefinition): JobStepDto[] {
  const { nodes, edges } = viewWorkflow(definition);
  return nodes.map(({ id, name, type }) => ({
    id,
    name,
    type,
    needs: edges.filter(({ to }) => to === id).map(({ from }) => from),
  }));
}
