import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { RUN_STATUSES, type RunStatus } from '../../../engine/index.js';
import { REASON_TYPES, type Reason, type ReasonType } from '../queries/explanation.js';
import { RUN_ID_EXAMPLE } from './run.dto.js';

const TIME = { type: 'string', format: 'date-time' } as const;

export class ConcurrencyHolderDto {
  @ApiProperty({ format: 'uuid', example: RUN_ID_EXAMPLE })
  run_id: string;

  @ApiProperty({ enum: RUN_STATUSES, example: 'running' })
  status: RunStatus;
}

export class WorkerStandingDto {
  @ApiProperty({ description: 'The process that holds the leases', example: 'heddle-1:4711:9f2c11aa' })
  owner: string;

  @ApiProperty({ type: 'integer', description: 'Runs it holds', example: 12 })
  runs: number;

  @ApiProperty({ ...TIME, example: '2026-03-01T12:00:10.000Z' })
  lease_until: string;
}

export class ReasonErrorDto {
  @ApiProperty({ example: 'http_status' })
  code: string;

  @ApiProperty({ example: 'the server answered 503' })
  message: string;
}

@ApiExtraModels(ConcurrencyHolderDto, WorkerStandingDto, ReasonErrorDto)
export class ReasonDto {
  @ApiProperty({ enum: REASON_TYPES, example: 'waiting_for_timer' })
  type: ReasonType;

  @ApiProperty({ ...TIME, example: '2026-03-01T12:00:00.000Z' })
  since: string;

  @ApiProperty({ description: 'What would move the run', example: 'The time comes.' })
  moved_by: string;

  @ApiPropertyOptional({ description: 'Path of the step it is about', example: 'pause' })
  step?: string;

  @ApiPropertyOptional({ ...TIME, description: '`waiting_for_timer`; `waiting_for_signal` and `waiting_for_approval` with a limit' })
  until?: string;

  @ApiPropertyOptional({ format: 'uuid', description: '`waiting_for_child`' })
  run_id?: string;

  @ApiPropertyOptional({ enum: RUN_STATUSES, description: '`waiting_for_child`' })
  run_status?: RunStatus;

  @ApiPropertyOptional({ description: '`waiting_for_signal`: name of the signal' })
  name?: string;

  @ApiPropertyOptional({ format: 'uuid', description: '`waiting_for_approval`' })
  approval_id?: string;

  @ApiPropertyOptional({ type: [String], description: '`waiting_for_approval`: who may decide; nobody named means everybody who may' })
  reviewers?: string[];

  @ApiPropertyOptional({ type: 'integer', description: '`waiting_for_approval`: how many have to approve' })
  quorum?: number;

  @ApiPropertyOptional({ type: 'integer', description: '`waiting_for_approval`: how many have approved' })
  approvals?: number;

  @ApiPropertyOptional({ type: 'integer', description: '`retrying`: the attempt to come' })
  attempt?: number;

  @ApiPropertyOptional({ ...TIME, description: '`retrying`; `waiting_for_rate`: when the next run of the workflow may start' })
  next_at?: string;

  @ApiPropertyOptional({ allOf: [{ $ref: getSchemaPath(ReasonErrorDto) }], description: '`retrying`: why the last attempt failed' })
  error?: ReasonErrorDto;

  @ApiPropertyOptional({ description: '`queued_for_concurrency`' })
  key?: string;

  @ApiPropertyOptional({ type: 'integer', description: '`queued_for_concurrency`: runs at a time; `waiting_for_rate`: starts in `per_ms`' })
  limit?: number;

  @ApiPropertyOptional({ type: 'integer', description: '`waiting_for_rate`: milliseconds' })
  per_ms?: number;

  @ApiPropertyOptional({ type: 'integer', description: '`waiting_for_rate`: starts that may come at once after a while without one' })
  burst?: number;

  @ApiPropertyOptional({ type: [ConcurrencyHolderDto], description: '`queued_for_concurrency`' })
  holders?: ConcurrencyHolderDto[];

  @ApiPropertyOptional({ ...TIME, description: '`waiting_for_worker`' })
  ready_since?: string;

  @ApiPropertyOptional({ type: 'integer', description: '`waiting_for_worker`: a point counts as much as a minute of waiting' })
  priority?: number;

  @ApiPropertyOptional({
    type: 'integer',
    description: '`waiting_for_worker`, `queued_for_concurrency`, `waiting_for_rate`: runs that come first',
  })
  ahead?: number;

  @ApiPropertyOptional({ type: [WorkerStandingDto], description: '`waiting_for_worker`: processes that execute runs now' })
  workers?: WorkerStandingDto[];

  @ApiPropertyOptional({ ...TIME, description: '`scheduled`; `waiting_for_rate`: when the run may start if no other comes in between' })
  run_at?: string;

  @ApiPropertyOptional({ type: [String], description: '`running`, `cancelling`: paths under way' })
  steps?: string[];

  @ApiPropertyOptional({
    type: 'string',
    nullable: true,
    description: '`running`, `cancelling`, `lease_expired`: the process that holds the run',
  })
  owner?: string | null;

  @ApiPropertyOptional({ ...TIME, description: '`running`' })
  lease_until?: string;

  @ApiPropertyOptional({ type: 'string', nullable: true, description: '`cancelling`, `workflow_paused`: what the caller said' })
  reason?: string | null;

  @ApiPropertyOptional({ description: '`workflow_paused`: name of the key that paused it' })
  by?: string;

  @ApiPropertyOptional({ enum: RUN_STATUSES, description: '`terminal`' })
  status?: RunStatus;
}

@ApiExtraModels(ReasonDto)
export class RunExplanationDto {
  @ApiProperty({ format: 'uuid', example: RUN_ID_EXAMPLE })
  run_id: string;

  @ApiProperty({ enum: RUN_STATUSES, example: 'waiting' })
  status: RunStatus;

  @ApiProperty({ type: 'array', items: { $ref: getSchemaPath(ReasonDto) } })
  reasons: readonly Reason[];
}
