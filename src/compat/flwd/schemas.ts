import { ANY_OBJECT, listOf, objectOf, orNull, type Schema, STRING } from '../kit/index.js';
import { FLWD_STATUSES } from './run-views.js';

export const RUN_ID_EXAMPLE = 'run_01HM6C7Q9S0000000000000000';

const TIME: Schema = { type: 'string', format: 'date-time', example: '2024-01-15T10:30:00Z' };
const RUN_ID: Schema = { type: 'string', example: RUN_ID_EXAMPLE };
const JOB_ID: Schema = { type: 'string', example: 'backup/daily' };
const STATUS: Schema = { type: 'string', enum: [...FLWD_STATUSES] };

const JOB_PROPERTIES = { id: JOB_ID, name: STRING, namespace: STRING, version: STRING, description: STRING, source: STRING };
export const JOB = objectOf(JOB_PROPERTIES);
export const JOB_DETAIL = objectOf({ ...JOB_PROPERTIES, args: { ...ANY_OBJECT, description: 'JSON Schema of the arguments' } });

const CREATED = { run_id: RUN_ID, job_id: JOB_ID, status: STATUS, created_at: TIME };
export const CREATED_RUN = objectOf(CREATED);
const RUN_PROPERTIES = { ...CREATED, finished_at: orNull(TIME) };
export const RUN = objectOf(RUN_PROPERTIES);
export const RUN_DETAIL = objectOf(
  { ...RUN_PROPERTIES, args: ANY_OBJECT, result: orNull(objectOf({ value: {} })), error: objectOf({ code: STRING, message: STRING }) },
  ['error'],
);
export const CANCELLED = objectOf({ run_id: RUN_ID, status: STATUS });
export const LOG_LINE = objectOf({ timestamp: TIME, level: STRING, message: STRING, step_id: STRING });
export const ARTIFACT = objectOf({
  id: STRING,
  run_id: RUN_ID,
  name: STRING,
  path: STRING,
  media_type: STRING,
  size_bytes: { type: 'integer' },
  created_at: TIME,
});
export const HEALTH = objectOf({ status: STRING, version: STRING, uptime_seconds: { type: 'integer' } });
export const SYSTEM_INFO = objectOf({
  version: STRING,
  sources: listOf(objectOf({ name: STRING, type: STRING, path: STRING })),
  extensions: listOf(STRING),
});
