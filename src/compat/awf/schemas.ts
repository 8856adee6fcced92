import { COUNT, listOf, objectOf, type Schema, STRING } from '../kit/index.js';

const TIME: Schema = { type: 'string', format: 'date-time', example: '2026-05-17T20:39:00Z' };
const ID: Schema = { type: 'string', format: 'uuid', example: '550e8400-e29b-41d4-a716-446655440000' };

/** `{body: …}`, which is around every answer. */
export function bodyOf(properties: Readonly<Record<string, Schema>>): Schema {
  return objectOf({ body: objectOf(properties) });
}

export const WORKFLOW = objectOf({ name: STRING, version: STRING, description: STRING, scope: STRING, workflow: STRING });
export const WORKFLOW_DETAIL: Readonly<Record<string, Schema>> = {
  name: STRING,
  version: STRING,
  description: STRING,
  states: { type: 'object', additionalProperties: true },
};
export const ACCEPTED: Readonly<Record<string, Schema>> = { execution_id: ID, status: { type: 'string', enum: ['accepted'] } };
export const EXECUTION = {
  execution_id: ID,
  workflow_name: STRING,
  status: STRING,
  current_step: STRING,
  started_at: TIME,
  updated_at: TIME,
};
export const ENTRY = objectOf({
  id: STRING,
  execution_id: ID,
  workflow_name: STRING,
  status: STRING,
  started_at: TIME,
  completed_at: TIME,
  duration_ms: COUNT,
});
export const STATS = { TotalExecutions: COUNT, SuccessCount: COUNT, FailedCount: COUNT, CancelledCount: COUNT, AvgDurationMs: COUNT };
export const ERRORS = listOf(STRING);
