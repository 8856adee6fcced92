import { ANY_OBJECT, COUNT, listOf, objectOf, type Schema, STRING } from '../../kit/index.js';
import { RUN_ID_EXAMPLE } from '../schemas.js';
import { ROOT_STATUSES } from './run-views.js';

const FLAG: Schema = { type: 'boolean' };
const TIME: Schema = { type: 'string', format: 'date-time', example: '2024-01-15T10:30:00Z' };
const JOB_ID: Schema = { type: 'string', example: 'backup/daily' };
const ARGS: Schema = listOf(ANY_OBJECT);

const PROVENANCE = objectOf({ source: ANY_OBJECT, canonical_id: JOB_ID, canonical_path: STRING }, ['source']);

const JOB = objectOf({ id: JOB_ID, name: STRING, description: STRING, args: ARGS, source: objectOf({ name: STRING, type: STRING }) }, [
  'description',
]);
export const ROOT_JOBS = listOf(JOB);

export const ROOT_PLAN = objectOf({
  job_id: JOB_ID,
  effective_argspec: objectOf({ args: ARGS }),
  executor_preview: objectOf({ executor: STRING, composition: { type: 'string', enum: ['single', 'steps'] } }),
  requirements: objectOf({ tools: listOf(ANY_OBJECT), status: { type: 'string', enum: ['ok', 'failed'] } }),
  resolved_args: ANY_OBJECT,
  security_profile: STRING,
  policy_findings: listOf(objectOf({ code: STRING, level: STRING, message: STRING })),
  steps: listOf(objectOf({ id: STRING, name: STRING, executor: STRING })),
  provenance: PROVENANCE,
});

export const ROOT_RUN = objectOf(
  {
    id: { type: 'string', example: RUN_ID_EXAMPLE },
    job_id: JOB_ID,
    status: { type: 'string', enum: [...ROOT_STATUSES] },
    started_at: TIME,
    finished_at: TIME,
    result: objectOf({ resolved_args: ANY_OBJECT }),
    executor: STRING,
    security_profile: STRING,
    provenance: PROVENANCE,
  },
  ['finished_at', 'result', 'security_profile'],
);
export const ROOT_RUNS = listOf(ROOT_RUN);

export const ROOT_SOURCE = objectOf(
  {
    name: STRING,
    type: STRING,
    ref: STRING,
    resolved_ref: STRING,
    trusted: FLAG,
    pull_policy: STRING,
    expose: STRING,
    aliases: listOf(ANY_OBJECT),
    metadata: ANY_OBJECT,
  },
  ['resolved_ref', 'trusted', 'pull_policy', 'expose', 'aliases', 'metadata'],
);
export const ROOT_SOURCES = listOf(ROOT_SOURCE);

export const ROOT_KV_ITEM = objectOf({ key: STRING, value: STRING, timestamp: TIME });
export const ROOT_KV_PAGE = objectOf({ items: listOf(ROOT_KV_ITEM), nextCursor: STRING }, ['nextCursor']);

export const ROOT_STORAGE = objectOf({
  driver: STRING,
  ok: FLAG,
  bytes_used: COUNT,
  max_bytes: COUNT,
  journal_bytes: COUNT,
  journal_max_bytes: COUNT,
  eviction_active: FLAG,
  schema_version: COUNT,
});
