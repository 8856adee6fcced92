import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { type Json, type JsonObject, type SerializedError, STEP_STATUSES, type StepStatus } from '../../../engine/index.js';
import type { StepRecord } from '../queries/step-record.js';
import { ANY_JSON } from './any-json.js';
import { RunErrorDto } from './run.dto.js';

@ApiExtraModels(RunErrorDto)
export class RunStepDto {
  @ApiProperty({ description: 'Names the step within the run', example: 'price[3]' })
  path: string;

  @ApiProperty({ example: 'price' })
  node_id: string;

  @ApiProperty({ type: 'string', nullable: true, description: 'The node type', example: 'transform.set' })
  type: string | null;

  @ApiProperty({ enum: STEP_STATUSES, example: 'success' })
  status: StepStatus;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Attempts begun', example: 1 })
  attempt: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'What the expressions of config and inputs came to; secrets are masked, literals are in the definition',
    example: { id: 'a-1' },
  })
  inputs: JsonObject | null;

  @ApiProperty({
    nullable: true,
    ...ANY_JSON,
    description: "The step's output; of a fan-out the array of its items' outputs, left out above 10,000 items or 8 MB",
    example: { price: 20 },
  })
  output: Json;

  @ApiProperty({ nullable: true, allOf: [{ $ref: getSchemaPath(RunErrorDto) }], description: 'Why it failed, or why it is tried again' })
  error: SerializedError | null;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: '2026-03-01T12:00:00.000Z' })
  started_at: string | null;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: '2026-03-01T12:00:00.012Z' })
  finished_at: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 12 })
  duration_ms: number | null;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, description: 'Model usage', example: null })
  usage: JsonObject | null;
}

export function toRunStep(record: StepRecord): RunStepDto {
  return {
    ...record,
    started_at: record.started_at?.toISOString() ?? null,
    finished_at: record.finished_at?.toISOString() ?? null,
    usage: null,
  };
}
