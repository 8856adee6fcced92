import type { JsonObject } from '../../../engine/index.js';
import { BUDGETS_SCHEMA, MODEL_BLOCK_SCHEMA, ROUTING_STRATEGIES } from '../../models/index.js';
import { DEFAULT_MAX_DEPTH, PATTERNS } from './agent-definition.js';

/** Names of agents: a letter, then letters, digits, `_` and `-`. */
export const AGENT_NAME_PATTERN = '^[A-Za-z][A-Za-z0-9_-]{0,63}$';
const TOOL_NAME_PATTERN = '^[A-Za-z][A-Za-z0-9_-]{0,63}$';
const HOUR_MS = 3_600_000;
const YEAR_MS = 366 * 24 * HOUR_MS;

const closed = (properties: JsonObject, required: string[] = []): JsonObject => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...(required.length === 0 ? {} : { required }),
});
const text = (maxLength: number, description?: string): JsonObject => ({
  type: 'string',
  maxLength,
  ...(description === undefined ? {} : { description }),
});
const count = (minimum: number, maximum: number, description?: string): JsonObject => ({
  type: 'integer',
  minimum,
  maximum,
  ...(description === undefined ? {} : { description }),
});
const list = (items: JsonObject, maxItems: number, minItems = 0): JsonObject => ({ type: 'array', items, minItems, maxItems });

const ROUTING: JsonObject = {
  type: 'string',
  enum: [...ROUTING_STRATEGIES],
  description: 'Which model is asked first; the others follow when it fails. `quality_first`: in the order they are written.',
};

const TOOL: JsonObject = closed(
  {
    name: { type: 'string', pattern: TOOL_NAME_PATTERN },
    type: text(40, '`agent`: another agent. `client`: announced to the model, not executed here. Otherwise a registered tool.'),
    description: text(2_000, 'Told to the model instead of the tool’s own description.'),
    parameters: { type: 'object', description: 'JSON Schema of the arguments, for tools of type `client`; `{name: {type, …}}` for short.' },
    config: { type: 'object', description: 'Settings of the tool.' },
    agent: { type: 'string', pattern: AGENT_NAME_PATTERN },
    timeout_ms: count(1, HOUR_MS, 'Limit of one call.'),
    rate_limit: closed({ window_seconds: count(1, 86_400), max_calls: count(1, 1_000_000) }),
  },
  ['name'],
);

const APPROVAL: JsonObject = closed(
  {
    tools: list(text(64, 'A name, with `*` for any rest.'), 100, 1),
    when: text(2_000, '`{{ CEL }}` over `inputs`, the arguments of the call; without it, every call.'),
    message: text(2_000),
    reviewers: list(text(200), 100),
    quorum: count(1, 100),
    expires_in_ms: count(1, YEAR_MS),
    default: { type: 'string', enum: ['approve', 'reject'] },
    editable: { oneOf: [{ type: 'boolean' }, list(text(200), 100)], description: 'Whether, or which, arguments a reviewer may change.' },
  },
  ['tools'],
);

const guardrail = (type: string, properties: JsonObject, required: string[] = []): JsonObject =>
  closed({ type: { const: type }, ...properties }, ['type', ...required]);
const action = (...words: string[]): JsonObject => ({ type: 'string', enum: words, default: words[0] ?? '' });
const PII = guardrail('pii_detection', { action: action('redact', 'block') });
const INPUT_GUARDRAIL: JsonObject = {
  type: 'object',
  required: ['type'],
  discriminator: { propertyName: 'type' },
  oneOf: [
    PII,
    guardrail('topic_filter', { blocked_topics: list(text(200), 200, 1), action: action('block', 'warn') }, ['blocked_topics']),
    guardrail('max_length', { max_chars: { ...count(1, 10_000_000), default: 10_000 }, action: action('block', 'truncate') }),
  ],
};
const OUTPUT_GUARDRAIL: JsonObject = {
  type: 'object',
  required: ['type'],
  discriminator: { propertyName: 'type' },
  oneOf: [
    PII,
    guardrail('max_length', { max_chars: { ...count(1, 10_000_000), default: 10_000 }, action: action('block', 'truncate') }),
    guardrail('cost_limit', { max_tokens_per_turn: { ...count(1, 10_000_000), default: 500 }, action: action('truncate', 'block') }),
    guardrail('content_filter', {
      blocked_patterns: list(text(1_000, 'A pattern (RE2).'), 200),
      forbidden_keywords: list(text(200), 200),
      action: action('redact', 'block'),
    }),
  ],
};

const KEY_VARIABLE: JsonObject = {
  type: 'string',
  pattern: '^[A-Z][A-Z0-9_]*$',
  description: 'Variable of the server that holds the key.',
};
const ADDRESS: JsonObject = { type: 'string', format: 'uri', maxLength: 2_000, description: 'Of the endpoint, without `/embeddings`.' };
const VECTOR_LENGTH: JsonObject = { dimensions: count(1, 4_000), request_dimensions: { type: 'boolean' } };

const MEMORY: JsonObject = closed({
  conversational: closed({
    backend: text(40, 'Accepted and ignored: sessions are in Postgres.'),
    strategy: { type: 'string', enum: ['sliding_window', 'summary', 'token_budget'], default: 'sliding_window' },
    max_turns: count(1, 10_000, 'Of `sliding_window`: turns put before the model; 20.'),
    window_size: count(1, 10_000, 'Another name of `max_turns`.'),
    summary_threshold: count(2, 10_000, 'Of `summary`: messages after which older ones are summarised; 30.'),
    max_tokens: count(1, 100_000, 'Of `token_budget`: estimated tokens of history put before the model; 8,000.'),
    ttl: count(1, 10 * 366 * 86_400, 'Seconds after its last turn that a session is forgotten.'),
  }),
  semantic: closed({
    embedding: {
      oneOf: [
        closed({ provider: { const: 'local' } }, ['provider']),
        closed({ provider: { const: 'openai' }, model: text(200), api_key_env: KEY_VARIABLE, ...VECTOR_LENGTH, base_url: ADDRESS }, [
          'provider',
          'model',
        ]),
        closed(
          { provider: { const: 'openai_compatible' }, model: text(200), api_key_env: KEY_VARIABLE, ...VECTOR_LENGTH, base_url: ADDRESS },
          ['provider', 'model', 'base_url'],
        ),
      ],
      type: 'object',
      required: ['provider'],
      discriminator: { propertyName: 'provider' },
      description:
        'Who turns texts into vectors; the model that ships with the server, if not said. What another model embedded is kept and not found.',
    },
    backend: text(40, 'Accepted and ignored.'),
    store_on: {
      type: 'string',
      enum: ['turns', 'facts'],
      description: 'What is kept by itself: messages of turns (the default), or nothing but the facts that are stored by request.',
    },
    roles: { ...list({ type: 'string', enum: ['user', 'assistant'] }, 2, 1), description: 'Whose messages are kept; the assistant’s.' },
    min_tokens: count(0, 100_000, 'Estimated tokens that a message must exceed to be kept; 50.'),
    ttl: count(1, 10 * 366 * 86_400, 'Seconds that a kept message is remembered; for ever, if not said.'),
    similarity_threshold: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      description: 'Cosine from which something is recalled; 0.45, as suits the local model.',
    },
    max_results: count(1, 100, 'Recalled at most; 10.'),
    top_k: count(1, 100, 'Another name of `max_results`.'),
    collection: text(200),
  }),
  episodic: { type: 'object', description: 'Accepted and ignored.' },
});

const BUDGET: JsonObject = {
  ...BUDGETS_SCHEMA,
  description:
    'What may be spent: by one run; by a session, by all runs of the agent, of a key and of the tenant, in all or in a UTC day (`…_day`). The narrower of this and of what the operator says counts.',
};

/** JSON Schema of an agent's definition, as the API takes it. */
export const AGENT_SCHEMA: JsonObject = closed(
  {
    name: { type: 'string', pattern: AGENT_NAME_PATTERN },
    description: text(10_000),
    labels: { type: 'object', additionalProperties: { type: 'string', maxLength: 500 } },
    instructions: text(
      200_000,
      'What the model is told first. `{{ context.user }}` and the like are filled in; what is not there is empty. With statements, `{% if context.user %}`, it is a Jinja template.',
    ),
    model: closed(
      {
        primary: MODEL_BLOCK_SCHEMA,
        fallback: list(MODEL_BLOCK_SCHEMA, 20),
        routing: ROUTING,
        roles: {
          type: 'object',
          additionalProperties: closed({ candidates: list(MODEL_BLOCK_SCHEMA, 20, 1), routing: ROUTING }, ['candidates']),
          description:
            'Other models for roles of the pattern: `reasoner, planner, worker, synthesizer, supervisor, stage:<name>, summarizer`.',
        },
      },
      ['primary'],
    ),
    orchestration: closed({
      pattern: { type: 'string', enum: [...PATTERNS], default: 'react' },
      max_iterations: { ...count(1, 1_000, 'Turns of a model until it has to be done.'), default: 10 },
      timeout_ms: count(100, YEAR_MS, 'Limit of the whole run; time that people take to decide does not count.'),
      role_map: { type: 'object', additionalProperties: { type: 'string' } },
      agents: list(closed({ agent: { type: 'string', pattern: AGENT_NAME_PATTERN }, description: text(2_000) }, ['agent']), 50),
      stages: list(
        closed({ name: { type: 'string', pattern: TOOL_NAME_PATTERN }, instructions: text(100_000) }, ['name', 'instructions']),
        20,
        1,
      ),
      max_parallel: { ...count(1, 100, 'Calls of tools, or workers, at the same time.'), default: 8 },
      max_repeats: { ...count(2, 100, 'The same call with the same result so often in a row is a loop.'), default: 3 },
      max_depth: {
        ...count(1, 16, 'How deep agents and workflows that are tools may call each other; beyond it a call fails with `depth_exceeded`.'),
        default: DEFAULT_MAX_DEPTH,
      },
    }),
    tools: {
      ...list({ oneOf: [{ type: 'string', pattern: TOOL_NAME_PATTERN }, TOOL] }, 200),
      description: 'Names, or names with settings.',
    },
    approvals: list(APPROVAL, 100),
    memory: MEMORY,
    knowledge: closed({ collection: text(200), top_k: count(1, 100) }, ['collection']),
    guardrails: closed({ input: list(INPUT_GUARDRAIL, 50), output: list(OUTPUT_GUARDRAIL, 50) }),
    budget: BUDGET,
    output_schema: { type: 'object', description: 'JSON Schema that the answer has to fit, as `data`; `{field: {type}}` for short.' },
    output_repairs: { ...count(0, 10, 'How often the model may repair an answer that does not fit.'), default: 2 },
    permissions: { type: 'object', properties: { allowed_actions: list(text(64), 500) } },
    extra: { type: 'object', description: 'What an Astromesh document says beyond this: kept and shown.' },
  },
  ['name', 'model'],
);
