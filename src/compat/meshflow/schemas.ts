import { ANY_OBJECT, COUNT, listOf, objectOf, orNull, type Schema, STRING } from '../kit/index.js';

const NUMBER: Schema = { type: 'number' };
const BOOLEAN: Schema = { type: 'boolean' };
const ID: Schema = { type: 'string', format: 'uuid' };

export const RECORD = objectOf({
  id: COUNT,
  run_id: ID,
  step_id: STRING,
  node_id: STRING,
  node_kind: STRING,
  input_task: STRING,
  output_content: STRING,
  verdict: { type: 'string', enum: ['commit', 'reject', 'escalate'] },
  blocked: BOOLEAN,
  block_reason: STRING,
  uncertainty: NUMBER,
  cost_usd: NUMBER,
  tokens_used: COUNT,
  carbon_gco2: NUMBER,
  duration_ms: NUMBER,
  timestamp: STRING,
  prev_hash: STRING,
  entry_hash: STRING,
  tenant_id: STRING,
  metadata: ANY_OBJECT,
});

export const SUMMARY = objectOf({
  run_id: ID,
  workflow: STRING,
  status: STRING,
  steps: COUNT,
  nodes: listOf(STRING),
  total_cost_usd: NUMBER,
  total_tokens: COUNT,
  total_carbon_gco2: NUMBER,
  blocked_steps: COUNT,
  verdicts: listOf(STRING),
  timestamps: ANY_OBJECT,
});

export const RUN_IDS = objectOf({ runs: listOf(ID) });
export const TRACE = objectOf({ run_id: ID, summary: SUMMARY, steps: listOf(RECORD) });

export const RUN_RESULT = objectOf({
  run_id: ID,
  status: { type: 'string', enum: ['pending', 'running', 'paused', 'completed', 'failed', 'aborted'] },
  output: STRING,
  total_cost_usd: NUMBER,
  total_tokens: COUNT,
  total_carbon_g: NUMBER,
  duration_s: NUMBER,
  ledger_entries: COUNT,
  trace_id: STRING,
  checkpoints: listOf(STRING),
  error: orNull(STRING),
  collusion_alerts: listOf(ANY_OBJECT),
  agent_costs: ANY_OBJECT,
});

export const PAUSED_RUNS = objectOf({
  paused_runs: listOf(objectOf({ run_id: ID, paused_at: STRING, node_id: STRING, message: STRING, approval_id: ID, context: ANY_OBJECT })),
});
export const DECIDED = objectOf({ run_id: ID, status: { type: 'string', enum: ['approved', 'rejected'] } });

export const HEALTH = objectOf({ ok: BOOLEAN, version: STRING, uptime_s: NUMBER, db: STRING });
export const LIVE = objectOf({ live: BOOLEAN, uptime_s: NUMBER });
export const READY = objectOf({ ready: BOOLEAN, version: STRING });
export const BUCKETS = objectOf({
  buckets: listOf(
    objectOf({ tenant_id: STRING, key: STRING, tokens_remaining: NUMBER, tokens: NUMBER, capacity: NUMBER, rate_per_s: NUMBER }),
  ),
});

export const KEY = objectOf({
  key_id: STRING,
  name: STRING,
  role: STRING,
  tenant_id: STRING,
  created_at: orNull(STRING),
  last_used_at: orNull(STRING),
  revoked: BOOLEAN,
});
export const KEYS = objectOf({ keys: listOf(KEY), count: COUNT });
export const ISSUED_KEY = objectOf({ key_id: STRING, raw_key: STRING, name: STRING, role: STRING, tenant_id: STRING, note: STRING });
export const REVOKED_KEY = objectOf({ key_id: STRING, status: STRING });

export const WEBHOOK = objectOf({
  id: ID,
  url: STRING,
  events: listOf(STRING),
  tenant_id: STRING,
  created_at: STRING,
  delivery_count: COUNT,
  failure_count: COUNT,
  last_delivery_at: orNull(STRING),
  last_error: orNull(STRING),
});
export const WEBHOOKS = objectOf({ webhooks: listOf(WEBHOOK), stats: ANY_OBJECT });
export const DELETED_WEBHOOK = objectOf({ deleted: ID });
export const DELIVERIES = objectOf({ webhook_id: ID, deliveries: listOf(ANY_OBJECT) });

export const PUSHED = objectOf({ task_id: ID, status: { type: 'string', enum: ['pending'] } });
export const QUEUE_STATS = objectOf({ pending: COUNT, running: COUNT, done: COUNT, failed: COUNT, cancelled: COUNT });
export const TASK = objectOf({
  task_id: ID,
  status: STRING,
  payload: ANY_OBJECT,
  priority: COUNT,
  result: orNull(STRING),
  error: orNull(STRING),
  created_at: STRING,
  started_at: orNull(STRING),
  finished_at: orNull(STRING),
});
export const CANCELLED_TASK = objectOf({ task_id: ID, status: STRING });
