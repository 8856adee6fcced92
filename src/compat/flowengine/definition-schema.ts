import type { JsonObject } from '../../engine/index.js';

const TEXT: JsonObject = { type: 'string' };
const COUNT: JsonObject = { type: 'integer', minimum: 0 };

/** The same, or null, which is as good as leaving it out. */
function optional(schema: JsonObject): JsonObject {
  const { type, ...rest } = schema;
  return { ...rest, type: [type as string, 'null'] };
}

/** Further members are passed over. */
function objectWith(properties: JsonObject, required: readonly string[] = []): JsonObject {
  return { type: 'object', properties, required: [...required] };
}

const RETRY_POLICY = objectWith({
  max_attempts: optional(COUNT),
  delay_ms: optional(COUNT),
  backoff_multiplier: optional({ type: 'number', minimum: 0 }),
  max_delay_ms: optional(COUNT),
  retry_on_timeout: optional({ type: 'boolean' }),
});

const NODE = objectWith(
  {
    id: optional(TEXT),
    node_type: TEXT,
    name: optional(TEXT),
    config: { type: ['object', 'null'], description: 'Values typed (`{"type": "String", "value": "GET"}`) or raw' },
    position: optional({ type: 'object' }),
    retry_policy: optional(RETRY_POLICY),
  },
  ['node_type'],
);

const PORT = { from_node: TEXT, from_port: TEXT, to_node: TEXT, to_port: TEXT };

const ON_ERROR: JsonObject = {
  type: ['string', 'object', 'null'],
  if: { type: 'string' },
  then: { enum: ['StopWorkflow', 'ContinueOnError', 'RetryWorkflow'] },
  else: { properties: { RetryWorkflow: objectWith({ max_attempts: COUNT }, ['max_attempts']) } },
  description: '`StopWorkflow`, `ContinueOnError`, `RetryWorkflow` or `{"RetryWorkflow": {"max_attempts": 3}}`',
};

/** JSON Schema of a workflow as it is sent: lenient in what may be left out. */
export const WORKFLOW_BODY: JsonObject = objectWith(
  {
    id: optional(TEXT),
    name: TEXT,
    description: optional(TEXT),
    nodes: { type: 'array', items: NODE },
    connections: optional({ type: 'array', items: objectWith(PORT, Object.keys(PORT)) }),
    triggers: optional({ type: 'array', items: { type: 'object' } }),
    settings: optional(
      objectWith({
        max_execution_time_ms: optional(COUNT),
        max_parallel_nodes: optional(COUNT),
        on_error: ON_ERROR,
      }),
    ),
  },
  ['name', 'nodes'],
);

/** JSON Schema of what an execution is started with. */
export const EXECUTE_BODY: JsonObject = objectWith(
  { inputs: { type: 'object', description: 'Values typed (`{"type": "String", "value": "…"}`) or raw' } },
  ['inputs'],
);
