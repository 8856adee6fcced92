import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { isJsonObject, type Json, type JsonObject, RUN_STATUSES, type RunStatus, type SerializedError } from '../../../engine/index.js';
import type { RunRow } from '../queries/run-row.js';
import { ANY_JSON } from './any-json.js';

export const RUN_ID_EXAMPLE = '0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b';
const TIME_EXAMPLE = '2026-03-01T12:00:00.000Z';

export class RunSubjectDto {
  @ApiProperty({ format: 'uuid', example: '0198b3a0-1111-7222-8333-444455556666' })
  id: string;

  @ApiProperty({ description: 'As it was when the run was created', example: 'demo/orders' })
  name: string;

  @ApiProperty({ type: 'integer', minimum: 1, example: 3 })
  version: number;
}

export class RunAgentDto {
  @ApiProperty({ example: 'assistant' })
  name: string;

  @ApiProperty({ type: 'integer', minimum: 1, example: 1 })
  version: number;
}

export class RunErrorDto {
  @ApiProperty({ description: 'A word code', example: 'http_status' })
  code: string;

  @ApiProperty({ example: 'the server answered 503' })
  message: string;

  @ApiPropertyOptional({ nullable: true, ...ANY_JSON, description: 'What is known beyond the message' })
  details?: Json;

  @ApiPropertyOptional({ description: 'False when another attempt cannot succeed' })
  retryable?: boolean;

  @ApiPropertyOptional({ description: 'Path of the step that failed the run', example: 'fetch' })
  step?: string;
}

export class RunProgressDto {
  @ApiProperty({ type: 'integer', minimum: 0, description: 'Nodes that are settled; states that the run has been through', example: 2 })
  completed: number;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    description: 'Nodes or states of the definition; a state machine may end without having been through all',
    example: 5,
  })
  total: number;
}

/** A run as lists show it: everything but its payloads and its progress. */
@ApiExtraModels(RunSubjectDto, RunAgentDto, RunErrorDto)
export class RunSummaryDto {
  @ApiProperty({ format: 'uuid', example: RUN_ID_EXAMPLE })
  id: string;

  @ApiProperty({ enum: ['workflow', 'agent'], example: 'workflow' })
  kind: 'workflow' | 'agent';

  @ApiProperty({ nullable: true, allOf: [{ $ref: getSchemaPath(RunSubjectDto) }], description: 'Null when an agent runs' })
  workflow: RunSubjectDto | null;

  @ApiProperty({ nullable: true, allOf: [{ $ref: getSchemaPath(RunAgentDto) }], description: 'Null when a workflow runs' })
  agent: RunAgentDto | null;

  @ApiProperty({ enum: RUN_STATUSES, example: 'running' })
  status: RunStatus;

  @ApiProperty({ nullable: true, allOf: [{ $ref: getSchemaPath(RunErrorDto) }], description: 'Why the run failed' })
  error: SerializedError | null;

  @ApiProperty({ type: 'integer', minimum: -100, maximum: 100, example: 0 })
  priority: number;

  @ApiProperty({ type: [String], example: ['nightly'] })
  tags: string[];

  @ApiProperty({ description: 'What started it: api, run, cron, webhook, event, …', example: 'api' })
  trigger: string;

  @ApiProperty({ type: 'string', format: 'uuid', nullable: true, description: 'The run whose step started this one', example: null })
  parent_run_id: string | null;

  @ApiProperty({ type: 'string', nullable: true, description: 'The step of the parent that started this one', example: null })
  parent_step: string | null;

  @ApiProperty({ type: 'string', format: 'uuid', nullable: true, description: 'The run this one continues', example: null })
  resumed_from: string | null;

  @ApiProperty({ type: 'string', nullable: true, description: 'Runs with equal keys share a limit', example: null })
  concurrency_key: string | null;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, description: 'When it was asked to start', example: null })
  run_at: string | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Limit of the whole run', example: 60000 })
  timeout_ms: number | null;

  @ApiProperty({ type: 'string', nullable: true, description: 'The process that executes or executed it', example: 'heddle-1' })
  worker: string | null;

  @ApiProperty({ format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: TIME_EXAMPLE })
  started_at: string | null;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: null })
  finished_at: string | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'From start to end; so far, while it is under way', example: 1250 })
  duration_ms: number | null;
}

@ApiExtraModels(RunProgressDto)
export class RunDto extends RunSummaryDto {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'As checked, defaults filled in',
    example: { url: 'https://example.org' },
  })
  inputs: JsonObject;

  @ApiProperty({
    nullable: true,
    description: 'What the definition maps to the output; null until success',
    ...ANY_JSON,
    example: { orders: [] },
  })
  outputs: Json;

  @ApiProperty({ type: () => RunProgressDto })
  progress: RunProgressDto;

  @ApiProperty({ type: [String], description: 'Paths of steps that are begun and not settled; at most 100', example: ['price[3]'] })
  current_steps: string[];

  @ApiProperty({ type: 'integer', minimum: 1, description: 'Grows when the run begins anew (`on_error: retry_run`)', example: 1 })
  attempt: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'Model usage; null when no model was used',
    example: null,
  })
  usage: JsonObject | null;
}

/** What an agent's run used of models, from its answer or from what it failed with; null for any other run. */
export function usageOf({ kind, outputs, error }: Pick<RunDto, 'kind' | 'outputs' | 'error'>): JsonObject | null {
  if (kind !== 'agent') return null;
  const told = isJsonObject(outputs) ? outputs : isJsonObject(error?.details) ? error.details : {};
  return isJsonObject(told['usage']) ? told['usage'] : null;
}

export function toRunSummary(row: RunRow, now: number = Date.now()): RunSummaryDto {
  const isWorkflow = row.kind === 'workflow';
  return {
    id: row.id,
    kind: row.kind,
    workflow: isWorkflow ? { id: row.workflow_id ?? '', name: row.subject_name, version: row.subject_version } : null,
    agent: isWorkflow ? null : { name: row.subject_name, version: row.subject_version },
    status: row.status,
    error: row.error,
    priority: row.priority,
    tags: row.tags,
    trigger: row.trigger,
    parent_run_id: row.parent_run_id,
    parent_step: row.parent_step,
    resumed_from: row.resumed_from,
    concurrency_key: row.concurrency_key,
    run_at: row.run_at?.toISOString() ?? null,
    timeout_ms: row.timeout_ms === null ? null : Number(row.timeout_ms),
    worker: row.worker,
    created_at: row.created_at.toISOString(),
    started_at: row.started_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null,
    duration_ms: row.started_at === null ? null : Math.max(0, (row.finished_at?.getTime() ?? now) - row.started_at.getTime()),
  };
}
