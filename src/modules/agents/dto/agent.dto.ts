import { ApiProperty } from '@nestjs/swagger';
import { modelName } from '../../models/index.js';
import { sourceOfVersion } from '../../workflows/index.js';
import type { AgentRow } from '../agent-queries.js';
import { PATTERNS } from '../definition/agent-definition.js';

export const AGENT_STATUSES = ['ready', 'draft', 'paused'] as const;
export type AgentStatus = (typeof AGENT_STATUSES)[number];

const ID_EXAMPLE = '019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c';
const TIME_EXAMPLE = '2030-01-01T12:00:00.000Z';

export class AgentDto {
  @ApiProperty({ type: 'string', format: 'uuid', example: ID_EXAMPLE })
  id: string;

  @ApiProperty({ example: 'assistant' })
  name: string;

  @ApiProperty({ type: 'integer', minimum: 1, description: 'The version shown', example: 2 })
  version: number;

  @ApiProperty({ type: 'string', format: 'uuid', example: ID_EXAMPLE })
  version_id: string;

  @ApiProperty({ type: 'integer', minimum: 1, example: 2 })
  latest_version: number;

  @ApiProperty({ type: 'string', nullable: true, example: 'Answers questions about orders' })
  description: string | null;

  @ApiProperty({ description: 'The first of its models', example: 'openai/gpt-4.1-mini' })
  model: string;

  @ApiProperty({ enum: PATTERNS, example: 'react' })
  pattern: string;

  @ApiProperty({ type: 'string', isArray: true, description: 'Names of its tools', example: ['http_request'] })
  tools: string[];

  @ApiProperty({ enum: AGENT_STATUSES, description: 'Only of a `ready` one runs start', example: 'ready' })
  status: AgentStatus;

  @ApiProperty({ description: 'Where the version came from: `api`, or `fs:` and the name of a directory', example: 'api' })
  source: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;

  @ApiProperty({ type: 'string', format: 'date-time', description: 'When the latest version was stored', example: TIME_EXAMPLE })
  updated_at: string;
}

export class AgentDetailDto extends AgentDto {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'As it is understood; of an Astromesh document, what it came to',
  })
  definition: object;
}

export class AgentFaultDto {
  @ApiProperty({ description: 'JSON pointer into the definition', example: '/model/primary/base_url' })
  path: string;

  @ApiProperty({ example: 'required' })
  code: string;

  @ApiProperty({ example: 'is required' })
  message: string;
}

export class StoredAgentDto extends AgentDetailDto {
  @ApiProperty({ type: [AgentFaultDto], description: 'What is odd about it, but usable' })
  warnings: AgentFaultDto[];
}

export class AgentVersionDto {
  @ApiProperty({ type: 'integer', minimum: 1, example: 1 })
  version: number;

  @ApiProperty({ type: 'string', format: 'uuid', example: ID_EXAMPLE })
  version_id: string;

  @ApiProperty({ example: 'api' })
  source: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;
}

export class AgentValidationDto {
  @ApiProperty()
  valid: boolean;

  @ApiProperty({ type: [AgentFaultDto] })
  errors: AgentFaultDto[];

  @ApiProperty({ type: [AgentFaultDto] })
  warnings: AgentFaultDto[];
}

export function toAgentDto(row: AgentRow): AgentDto {
  const { definition } = row;
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    version_id: row.version_id,
    latest_version: row.latest_version,
    description: definition.description ?? null,
    model: modelName(definition.model.primary),
    pattern: definition.orchestration?.pattern ?? 'react',
    tools: (definition.tools ?? []).map((tool) => (typeof tool === 'string' ? tool : tool.name)),
    status: row.lifecycle ?? 'ready',
    source: sourceOfVersion(row.created_by),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

export function toAgentDetailDto(row: AgentRow): AgentDetailDto {
  return { ...toAgentDto(row), definition: row.definition };
}

export function toAgentVersionDto(row: AgentRow): AgentVersionDto {
  return {
    version: row.version,
    version_id: row.version_id,
    source: sourceOfVersion(row.created_by),
    created_at: row.version_created_at.toISOString(),
  };
}
