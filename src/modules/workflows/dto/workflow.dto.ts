import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import type { WorkflowDefinition } from '../../../engine/model/definition.js';
import { WORKFLOW_KINDS } from '../../../engine/workflow/index.js';
import { sourceOfVersion } from '../source.js';
import { formatWorkflowName } from '../workflow-name.js';
import type { WorkflowRow, WorkflowWithDefinition } from '../workflow-queries.js';
import { PauseDto, toPauseDto } from './pause.dto.js';
import { DefinitionFaultDto } from './validation.dto.js';

const ID_EXAMPLE = '019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c';
const TIME_EXAMPLE = '2030-01-01T12:00:00.000Z';

@ApiExtraModels(PauseDto)
export class WorkflowDto {
  @ApiProperty({ type: 'string', format: 'uuid', example: ID_EXAMPLE })
  id: string;

  @ApiProperty({ description: '`namespace/name`', example: 'demo/orders' })
  name: string;

  @ApiProperty({ example: 'demo' })
  namespace: string;

  @ApiProperty({ type: 'integer', description: 'The version shown', minimum: 1, example: 3 })
  version: number;

  @ApiProperty({ type: 'string', format: 'uuid', description: 'The id of the version shown', example: ID_EXAMPLE })
  version_id: string;

  @ApiProperty({ type: 'integer', minimum: 1, example: 3 })
  latest_version: number;

  @ApiProperty({ enum: WORKFLOW_KINDS, example: 'graph' })
  kind: string;

  @ApiProperty({ type: 'string', nullable: true, example: 'Prices each order and reports the total' })
  description: string | null;

  @ApiProperty({ description: 'Where the version came from: `api`, or `fs:` and the name of a directory', example: 'api' })
  source: string;

  @ApiProperty({ type: 'string', isArray: true, example: ['orders'] })
  tags: string[];

  @ApiProperty({ type: 'integer', description: 'How many nodes or states it has', example: 3 })
  nodes: number;

  @ApiProperty({ type: 'integer', description: 'How many triggers its definition has', example: 0 })
  triggers: number;

  @ApiProperty({ nullable: true, allOf: [{ $ref: getSchemaPath(PauseDto) }], description: 'Null: it is not paused' })
  paused: PauseDto | null;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;

  @ApiProperty({ type: 'string', format: 'date-time', description: 'When the latest version was stored', example: TIME_EXAMPLE })
  updated_at: string;
}

export class WorkflowDetailDto extends WorkflowDto {
  @ApiProperty({ type: 'object', additionalProperties: true, description: 'The definition, as it was stored' })
  definition: WorkflowDefinition;
}

export class StoredWorkflowDto extends WorkflowDetailDto {
  @ApiProperty({ type: DefinitionFaultDto, isArray: true, description: 'What is probably a mistake' })
  warnings: DefinitionFaultDto[];
}

export class WorkflowVersionDto {
  @ApiProperty({ type: 'string', format: 'uuid', example: ID_EXAMPLE })
  id: string;

  @ApiProperty({ type: 'integer', minimum: 1, example: 3 })
  version: number;

  @ApiProperty({ description: 'Whether references without a version mean this one', example: true })
  latest: boolean;

  @ApiProperty({ enum: WORKFLOW_KINDS, example: 'graph' })
  kind: string;

  @ApiProperty({ type: 'string', nullable: true, example: 'Prices each order and reports the total' })
  description: string | null;

  @ApiProperty({ example: 'api' })
  source: string;

  @ApiProperty({ type: 'integer', example: 3 })
  nodes: number;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;
}

export function toWorkflowDto(row: WorkflowRow): WorkflowDto {
  return {
    id: row.id,
    name: formatWorkflowName(row),
    namespace: row.namespace,
    version: row.version,
    version_id: row.version_id,
    latest_version: row.latest_version,
    kind: row.kind,
    description: row.description,
    source: sourceOfVersion(row.created_by),
    tags: row.tags,
    nodes: row.nodes,
    triggers: row.triggers,
    paused: toPauseDto(row),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

export function toWorkflowDetailDto(row: WorkflowWithDefinition): WorkflowDetailDto {
  return { ...toWorkflowDto(row), definition: row.definition };
}

export function toWorkflowVersionDto(row: WorkflowRow): WorkflowVersionDto {
  return {
    id: row.version_id,
    version: row.version,
    latest: row.version === row.latest_version,
    kind: row.kind,
    description: row.description,
    source: sourceOfVersion(row.created_by),
    nodes: row.nodes,
    created_at: row.version_created_at.toISOString(),
  };
}
