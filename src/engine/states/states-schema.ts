import { closed, integer, METADATA, RETRY, SETTINGS, text, WORKFLOW_NAME_PATTERN, YEAR_MS } from '../graph/definition-schema.js';
import { isJsonObject, type Json, type JsonObject } from '../model/json.js';
import type { StateType } from '../model/states-definition.js';

/** State names: usable as `states.<name>` or `states["<name>"]`, and as a part of a step's path. */
export const STATE_NAME_PATTERN = '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$';
export const MAX_STATES = 2_000;
export const MAX_ITERATIONS = 10_000;
export const DEFAULT_WHILE_ITERATIONS = 100;

const name: JsonObject = { type: 'string', minLength: 1, maxLength: 128 };
const names: JsonObject = { type: 'array', items: name, minItems: 1, maxItems: 500 };
const template = text(100_000);
const condition: JsonObject = { type: ['string', 'boolean'] };

const HOOKS: JsonObject = {
  type: 'array',
  maxItems: 50,
  items: {
    type: 'object',
    additionalProperties: false,
    properties: { log: template, command: template, timeout_ms: integer(1, YEAR_MS, 'Limit of the command.') },
    minProperties: 1,
    not: { required: ['log', 'command'] },
  },
};

const STATE_RETRY: JsonObject = withProperty(RETRY, 'retryable_exit_codes', {
  type: 'array',
  items: { type: 'integer' },
  maxItems: 100,
  description: 'Exit codes of a command that are tried again; absent means every one but 0.',
});

const COMMON: JsonObject = {
  type: true,
  description: text(10_000),
  timeout_ms: integer(1, YEAR_MS, 'Limit of one attempt; of a parallel or a loop, of all of it.'),
  on_success: name,
  on_failure: {
    description: 'A state, or a failing end of its own.',
    type: ['string', 'object'],
    if: { type: 'object' },
    then: { additionalProperties: false, properties: { message: template, status: { type: 'integer' } }, required: ['message'] },
  },
  transitions: {
    type: 'array',
    maxItems: 200,
    items: closed({ when: condition, goto: name }, ['goto']),
    description: 'Looked at first, after a success and after a failure; the first whose condition holds is taken.',
  },
  continue_on_error: { type: 'boolean', description: 'A failure goes on as a success would.' },
  hooks: closed({ pre: HOOKS, post: HOOKS }),
};
const WORKING: JsonObject = { ...COMMON, retry: STATE_RETRY };
const LOOP: JsonObject = {
  ...COMMON,
  body: names,
  max_iterations: {
    type: ['integer', 'string'],
    minimum: 1,
    maximum: MAX_ITERATIONS,
    description: 'A number, or an expression that gives one.',
  },
  break_when: { type: 'string' },
  on_complete: name,
};

/** Structure of each type of state. */
export const STATE_SCHEMAS: Readonly<Record<StateType, JsonObject>> = {
  step: closed(
    { ...WORKING, node: { type: 'string', minLength: 1, maxLength: 200 }, config: { type: 'object' }, inputs: { type: 'object' } },
    ['node'],
  ),
  command: {
    ...closed({
      ...WORKING,
      command: template,
      script: text(1_000_000),
      args: { type: ['array', 'string'] },
      env: { type: 'object' },
      workdir: template,
      stdin: template,
    }),
    oneOf: [{ required: ['command'] }, { required: ['script'] }],
  },
  parallel: closed(
    {
      ...COMMON,
      branches: names,
      strategy: { enum: ['all_succeed', 'any_succeed', 'best_effort'] },
      max_concurrent: integer(1, 500, 'Branches at a time.'),
    },
    ['branches'],
  ),
  for_each: closed({ ...LOOP, items: { type: ['array', 'string'] } }, ['items', 'body']),
  while: closed({ ...LOOP, while: { type: 'string' } }, ['while', 'body']),
  call_workflow: closed(
    {
      ...WORKING,
      workflow: { type: 'string', minLength: 1, maxLength: 300 },
      version: { type: 'integer', minimum: 1 },
      inputs: { type: 'object' },
      outputs: { type: 'object', additionalProperties: text(1000) },
    },
    ['workflow'],
  ),
  terminal: closed({
    type: true,
    description: text(10_000),
    status: { enum: ['success', 'failure'] },
    message: template,
    outputs: true,
    exit_status: { type: 'integer' },
  }),
};

const INPUT_RULE: JsonObject = closed(
  {
    name: { type: 'string', minLength: 1, maxLength: 200 },
    type: { enum: ['string', 'integer', 'number', 'boolean', 'array', 'object'] },
    description: text(10_000),
    required: { type: 'boolean' },
    default: true,
    validation: closed({
      pattern: text(1000),
      enum: { type: 'array', minItems: 1, maxItems: 1000 },
      min: { type: 'number' },
      max: { type: 'number' },
      file_exists: { type: 'boolean' },
      file_extension: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 100 },
    }),
  },
  ['name'],
);

const { timeout_ms, priority, concurrency, rate, retention } = SETTINGS['properties'] as JsonObject;

/** JSON Schema 2020-12 of a state machine's definition, states apart: each is held against the schema of its type. */
export const STATES_SCHEMA: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'State machine definition',
  ...closed(
    {
      name: { type: 'string', pattern: WORKFLOW_NAME_PATTERN },
      description: text(10_000),
      kind: { const: 'states' },
      tags: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 100 }, maxItems: 100, uniqueItems: true },
      inputs: { type: ['object', 'array'], if: { type: 'array' }, then: { items: INPUT_RULE, maxItems: 500 } },
      initial: name,
      states: {
        type: 'object',
        minProperties: 1,
        propertyNames: { pattern: STATE_NAME_PATTERN },
        additionalProperties: { type: 'object' },
      },
      hooks: closed({ workflow_start: HOOKS, workflow_end: HOOKS, workflow_error: HOOKS, workflow_cancel: HOOKS }),
      outputs: true,
      triggers: { type: 'array', items: { type: 'object' }, maxItems: 100 },
      settings: closed({
        ...({ timeout_ms, priority, concurrency, rate, retention } as JsonObject),
        max_transitions: integer(1, 1_000_000, 'Moves from state to state in all.'),
        mask_inputs: { type: 'array', items: { type: 'string', minLength: 1 }, maxItems: 100 },
      }),
      env: { type: 'array', items: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }, maxItems: 100 },
      metadata: METADATA,
    },
    ['name', 'kind', 'initial', 'states'],
  ),
};

function withProperty(schema: JsonObject, property: string, value: Json): JsonObject {
  return { ...schema, properties: { ...(isJsonObject(schema['properties']) ? schema['properties'] : {}), [property]: value } };
}
