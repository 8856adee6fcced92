import { ANY_OBJECT, COUNT, objectOf, orNull, type Schema, STRING } from '../kit/index.js';

type Properties = Readonly<Record<string, Schema>>;

const NUMBER: Schema = { type: 'number' };
const ANY: Schema = {};

/** `{<name>: […], …more}`. */
export function listOf(name: string, items: Schema, more: Properties = {}): Schema {
  return objectOf({ [name]: { type: 'array', items }, ...more });
}

export function oneOf(...values: string[]): Schema {
  return { type: 'string', enum: values };
}

export const HEALTH = objectOf({ status: oneOf('healthy'), version: STRING, uptime_seconds: COUNT });

const AGENT_STATUS = oneOf('ready', 'draft', 'paused');
export const AGENTS = listOf(
  'agents',
  objectOf({
    name: STRING,
    description: STRING,
    model: { type: 'string', example: 'openai/gpt-4o' },
    orchestration: { type: 'string', example: 'react' },
    status: AGENT_STATUS,
    version: STRING,
    namespace: STRING,
  }),
);
const MODEL = objectOf({ provider: STRING, model: STRING });
export const AGENT = objectOf({
  name: STRING,
  description: STRING,
  model: objectOf({ primary: MODEL, fallback: orNull(MODEL), routing: STRING }),
  orchestration: objectOf({ pattern: STRING, max_iterations: COUNT, timeout: orNull(NUMBER) }),
  tools: { type: 'array', items: STRING },
  memory: objectOf({ conversational: orNull(STRING), semantic: orNull(STRING) }),
  status: AGENT_STATUS,
  version: STRING,
  namespace: STRING,
  apiVersion: STRING,
  kind: oneOf('Agent'),
  metadata: ANY_OBJECT,
  spec: ANY_OBJECT,
});
export const DOCUMENT: Schema = {
  type: 'object',
  required: ['kind', 'metadata', 'spec'],
  properties: { apiVersion: { type: 'string', example: 'astromesh/v1' }, kind: oneOf('Agent'), metadata: ANY_OBJECT, spec: ANY_OBJECT },
};

export const ANSWER = objectOf({
  response: STRING,
  session_id: STRING,
  tool_calls: { type: 'array', items: objectOf({ tool: STRING, input: ANY, output: ANY }) },
  usage: ANY_OBJECT,
  timing: objectOf({ total_ms: NUMBER, model_ms: NUMBER, tool_ms: NUMBER }),
  model: orNull(STRING),
  provider: orNull(STRING),
  answer: STRING,
  steps: { type: 'array', items: ANY_OBJECT },
  run_id: { type: 'string', format: 'uuid' },
});

export const HISTORY = objectOf({
  agent: STRING,
  session_id: STRING,
  messages: { type: 'array', items: objectOf({ role: STRING, content: STRING }) },
  history: { type: 'array', items: objectOf({ role: STRING, content: STRING }) },
});
export const CLEARED = objectOf({ status: oneOf('cleared'), agent: STRING, session_id: STRING });

const FOUND = objectOf({ text: STRING, score: NUMBER, metadata: ANY_OBJECT });
export const REMEMBERED = listOf('results', FOUND, { agent: STRING, query: STRING, top_k: COUNT });
export const FOUND_CHUNKS = listOf('results', FOUND, { query: STRING, top_k: COUNT });
export const INGESTED = objectOf({ collection: STRING, documents_ingested: COUNT, chunks_created: COUNT, pipeline: STRING, chunks: COUNT });

const TOOL = objectOf({
  name: STRING,
  type: oneOf('internal', 'mcp'),
  description: STRING,
  agents: { type: 'array', items: STRING },
});
export const TOOLS = listOf('tools', TOOL, { count: COUNT });
export const BUILTIN_TOOLS = listOf('tools', objectOf({ name: STRING, description: STRING, parameters: ANY_OBJECT }), { count: COUNT });
export const EXECUTED = objectOf({ tool: STRING, output: ANY, timing_ms: NUMBER, result: ANY, status: oneOf('ok') });

export const STATUS = objectOf({
  version: STRING,
  status: oneOf('running'),
  mode: oneOf('standalone'),
  pid: COUNT,
  uptime_seconds: COUNT,
  agents_loaded: COUNT,
  providers: objectOf({ healthy: COUNT, degraded: COUNT, unavailable: COUNT }),
  services: { type: 'object', additionalProperties: { type: 'boolean' } },
  peers: { type: 'array', items: ANY_OBJECT },
  mesh: orNull(ANY_OBJECT),
});
export const DOCTOR = objectOf({
  checks: {
    type: 'array',
    items: objectOf({ name: STRING, status: oneOf('healthy', 'degraded', 'failing'), message: orNull(STRING) }),
  },
  summary: objectOf({ healthy: COUNT, degraded: COUNT, failing: COUNT }),
  healthy: { type: 'boolean' },
});

export const WORKFLOWS = listOf('workflows', STRING);
export const WORKFLOW = objectOf({
  name: STRING,
  version: STRING,
  namespace: STRING,
  description: STRING,
  trigger: orNull(ANY_OBJECT),
  timeout_seconds: orNull(NUMBER),
  steps: { type: 'array', items: objectOf({ name: STRING, type: STRING }) },
});
const RUN_ID: Schema = { type: 'string', format: 'uuid' };
export const RUN_STANDING = objectOf({ run_id: RUN_ID, status: STRING });
export const RUN_RESULT = objectOf(
  {
    run_id: RUN_ID,
    status: STRING,
    workflow_name: STRING,
    output: ANY,
    steps: { type: 'object', additionalProperties: objectOf({ status: STRING, output: ANY, error: orNull(STRING) }) },
    trace: { type: 'null' },
    duration_ms: orNull(NUMBER),
  },
  ['workflow_name', 'output', 'steps', 'trace', 'duration_ms'],
);
export const RUN_STATE = objectOf({
  run_id: RUN_ID,
  workflow_name: STRING,
  status: STRING,
  current_index: COUNT,
  context: ANY_OBJECT,
  error: orNull(STRING),
});
export const APPROVALS = listOf(
  'approvals',
  objectOf({
    run_id: RUN_ID,
    workflow_name: STRING,
    step_name: STRING,
    approver: STRING,
    prompt: STRING,
    created_at: STRING,
    expires_at: orNull(STRING),
  }),
);

export const PIPELINES = listOf('pipelines', objectOf({ name: STRING, description: STRING, backend: STRING }));
export const PIPELINE = objectOf({ apiVersion: STRING, kind: oneOf('RAGPipeline'), metadata: ANY_OBJECT, spec: ANY_OBJECT });
