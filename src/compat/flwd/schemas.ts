import { objectOf, type Schema } from '../kit/index.js';
import { FLWD_STATUSES } from './run-views.js';

export const RUN_ID_EXAMPLE = 'run_01HM6C7Q9S0000000000000000';

type Properties = Readonly<Record<string, Schema>>;

const STRING: Schema = { type: 'string' };
const TIME: Schema = { type: 'string', format: 'date-time', example: '2024-01-15T10:30:00Z' };
const RUN_ID: Schema = { type: 'string', example: RUN_ID_EXAMPLE };
const JOB_ID: Schema = { type: 'string', example: 'backup/daily' };
const STATUS: Schema = { type: 'string', enum: [...FLWD_STATUSES] };
const ANY_OBJECT: Schema = { type: 'object', additionalProperties: true };

function orNull(schema: Schema): Schema {
  return { oneOf: [schema, { type: 'null' }] };
}

/** `{<name>: […], …more}`. */
export function listOf(name: string, items: Schema, more: Properties = {}): Schema {
  return objectOf({ [name]: { type: 'array', items }, ...more });
}

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
  sources: { type: 'array', items: objectOf({ name: STRING, type: STRING, path: STRING }) },
  extensions: { type: 'array', items: STRING },
});
