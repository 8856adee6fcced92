import type { JsonObject } from '../model/json.js';

/** Node ids: usable as `nodes.<id>`, with a dash as `nodes["a-b"]`, and as a part of a step's path. */
export const NODE_ID_PATTERN = '^[A-Za-z_][A-Za-z0-9_-]{0,63}$';
/** `namespace/name`, the namespace of up to four levels, or a name alone, which belongs to the namespace `default`. */
export const WORKFLOW_NAME_PATTERN = '^([A-Za-z0-9][A-Za-z0-9_.-]{0,63}/){0,4}[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$';
export const MAX_NODES = 10_000;

const DAY_MS = 86_400_000;
export const YEAR_MS = 365 * DAY_MS;

/** The greatest values that definitions may have, for whoever makes definitions of others' documents. */
export const LIMITS = {
  maxAttempts: 100,
  retryDelayMs: DAY_MS,
  multiplier: 100,
  parallelNodes: 1_000,
  timeoutMs: YEAR_MS,
} as const;

export const text = (maxLength: number): JsonObject => ({ type: 'string', maxLength });
export const integer = (minimum: number, maximum: number, description: string): JsonObject => ({
  type: 'integer',
  minimum,
  maximum,
  description,
});
export const closed = (properties: JsonObject, required: string[] = []): JsonObject => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required,
});

const CODES: JsonObject = { type: 'array', items: text(100), maxItems: 100 };

export const RETRY: JsonObject = {
  ...closed(
    {
      max_attempts: integer(1, LIMITS.maxAttempts, 'Tries in all, the first included.'),
      backoff: { enum: ['constant', 'linear', 'exponential'] },
      initial_delay_ms: integer(0, LIMITS.retryDelayMs, 'Delay before the second try.'),
      max_delay_ms: integer(0, LIMITS.retryDelayMs, 'No delay is longer.'),
      multiplier: { type: 'number', minimum: 1, maximum: LIMITS.multiplier, description: 'Factor of exponential back-off.' },
      jitter: { type: 'boolean', description: 'Draw each delay between half and the whole of the computed one.' },
      retry_on: { ...CODES, description: 'Error codes that are tried again; absent means every retryable error.' },
      give_up_on: { ...CODES, description: 'Error codes that are not tried again, whatever else says so.' },
    },
    ['max_attempts'],
  ),
  description: 'When a failed attempt is tried again.',
};

const NODE: JsonObject = closed(
  {
    id: { type: 'string', pattern: NODE_ID_PATTERN },
    type: { type: 'string', minLength: 1, maxLength: 200, description: 'A node type, see GET /node-types.' },
    name: text(200),
    description: text(10_000),
    needs: { type: 'array', items: { type: 'string' }, description: 'Ids of the nodes this one waits for.' },
    when: { type: ['string', 'boolean'], description: 'Skips the node unless true. One expression, or a boolean.' },
    join: { enum: ['all_success', 'any_success', 'all_done'], description: 'What its needs must have come to.' },
    inputs: { type: 'object' },
    config: { type: 'object', description: 'Settings of the node type; every string may hold {{ expressions }}.' },
    retry: RETRY,
    timeout_ms: integer(1, YEAR_MS, 'Limit of one attempt.'),
    for_each: closed(
      {
        items: { type: ['array', 'string'], description: 'A list, or one expression that gives one.' },
        max_parallel: integer(1, 1000, 'Items at a time.'),
      },
      ['items'],
    ),
    on_error: {
      description: 'What a failure does to the run: stop it, be tolerated, or be replaced by a value.',
      type: ['string', 'object'],
      if: { type: 'string' },
      then: { enum: ['stop', 'continue'] },
      else: { additionalProperties: false, properties: { output: true }, required: ['output'] },
    },
  },
  ['id', 'type'],
);

export const METADATA: JsonObject = {
  type: 'object',
  description: 'What other programs keep with the definition. Runs do not see it.',
};

const days: JsonObject = { type: ['number', 'null'], minimum: 0, maximum: 36_500 };

export const SETTINGS: JsonObject = closed({
  max_parallel_nodes: integer(1, LIMITS.parallelNodes, 'Nodes at a time.'),
  on_error: { enum: ['stop', 'continue', 'retry_run'] },
  retry: RETRY,
  timeout_ms: integer(1, LIMITS.timeoutMs, 'Limit of the whole run, waiting included.'),
  priority: integer(-100, 100, 'Higher is claimed first; a point counts as much as having waited a minute longer.'),
  concurrency: closed(
    {
      key: { type: 'string', minLength: 1, maxLength: 1000, description: 'Template over inputs; runs with equal keys share the limit.' },
      limit: integer(1, 10_000, 'Runs at a time.'),
      on_conflict: { enum: ['queue', 'cancel_running', 'reject'] },
    },
    ['key'],
  ),
  rate: closed(
    {
      limit: integer(1, 100_000, 'Starts in `per_ms`; further runs wait for their turn.'),
      per_ms: integer(1, YEAR_MS, 'Milliseconds.'),
      burst: integer(1, 10_000, 'Starts at once after a while without one; default what comes in 100 ms, at least 1.'),
    },
    ['limit', 'per_ms'],
  ),
  retention: {
    ...closed({ success: days, failed: days, cancelled: days }),
    description: 'Days that runs are kept after their end, by how they ended; null is for ever, absent as the server does.',
  },
});

/** JSON Schema 2020-12 of a workflow definition: its structure. What it means is checked by `validateDefinition`. */
export const DEFINITION_SCHEMA: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Workflow definition',
  ...closed(
    {
      name: {
        type: 'string',
        pattern: WORKFLOW_NAME_PATTERN,
        description: 'namespace/name; the namespace may have levels (ops/backup/daily), a name alone belongs to the namespace default.',
      },
      description: text(10_000),
      kind: { enum: ['graph'] },
      tags: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 100 }, maxItems: 100, uniqueItems: true },
      inputs: { type: 'object', description: 'JSON Schema 2020-12 of the inputs.' },
      nodes: { type: 'array', minItems: 1, items: NODE },
      outputs: { description: 'Any value; its strings may hold {{ expressions }}. Absent: the outputs of the nodes nobody needs, by id.' },
      triggers: { type: 'array', items: { type: 'object' }, maxItems: 100 },
      settings: SETTINGS,
      env: {
        type: 'array',
        items: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
        maxItems: 100,
        description: 'Environment variables the expressions may read as env.NAME.',
      },
      metadata: METADATA,
    },
    ['name', 'nodes'],
  ),
};
