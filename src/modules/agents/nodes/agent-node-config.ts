import { isJsonObject, type Json, type JsonObject } from '../../../engine/index.js';
import type { AgentRequest, SaidBefore } from '../loop/agent-run.js';
import { ANSWER_FORMATS, type AnswerFormat } from './answer-format.js';

export const NULLABLE_TEXT: JsonObject = { type: ['string', 'null'] };
const MAX_MESSAGES = 2_000;

const MESSAGES: JsonObject = {
  type: 'array',
  items: {
    type: 'object',
    required: ['role', 'content'],
    additionalProperties: false,
    properties: { role: { type: 'string', enum: ['user', 'assistant'] }, content: { type: 'string' } },
  },
};

/** What nodes that ask an agent are told. */
export const AGENT_NODE_PROPERTIES: JsonObject = {
  agent: {
    type: ['string', 'object'],
    minLength: 1,
    maxLength: 100,
    description:
      'Name of the agent, or a whole definition as `POST /agents` takes it: an agent of this workflow only. Its `model` may be left out: then it is that of `HEDDLE_DEFAULT_MODEL`.',
  },
  version: { type: 'integer', minimum: 1, description: 'Which version; the latest when the node begins, if not said.' },
  query: { type: 'string', description: 'What is asked.' },
  history: {
    ...MESSAGES,
    maxItems: MAX_MESSAGES,
    description: 'What was said before, oldest first. With it the answer has `history` too: to go on with in another node.',
  },
  format: {
    type: 'string',
    enum: [...ANSWER_FORMATS],
    description:
      'How the answer is read: `text` without the code fence that may be around it; `json` likewise, as `data`, and what is no JSON fails with `invalid_output`; `auto` as it is, with `data` when it is JSON.',
  },
  session_id: { ...NULLABLE_TEXT, description: 'The conversation that this is a turn of.' },
  subject: { ...NULLABLE_TEXT, description: 'Whom the conversation is about, for what is remembered.' },
  context: { type: 'object', default: {}, description: 'Values for the instructions.' },
  model: { ...NULLABLE_TEXT, description: 'A model to ask instead of the one that routing chooses.' },
  instructions: { ...NULLABLE_TEXT, description: 'Instructions instead of the agent’s own.' },
  key_id: { ...NULLABLE_TEXT, description: 'Whose daily budget is charged.' },
};

/** What they give, by member. */
export const AGENT_NODE_OUTPUT: JsonObject = {
  run_id: { type: 'string', format: 'uuid' },
  response: { type: 'string' },
  data: { description: 'The answer as JSON, with a schema or a `format`.' },
  history: { ...MESSAGES, description: 'With a `history`: that and what was said here.' },
  session_id: NULLABLE_TEXT,
  tool_calls: { type: 'array', items: { type: 'object' } },
  usage: { type: 'object' },
  usage_by_model: { type: 'array', items: { type: 'object' } },
  timing: { type: 'object' },
  model: NULLABLE_TEXT,
  provider: NULLABLE_TEXT,
  turns: { type: 'integer' },
  final_agent: { type: 'string', description: 'With the pattern `swarm`: who answered.' },
  stop_reason: { type: 'string' },
  agent: { type: 'object' },
};
export const AGENT_NODE_OUTPUT_REQUIRED = ['run_id', 'response', 'session_id', 'tool_calls', 'usage', 'timing', 'stop_reason'];

export function requestOf(config: JsonObject): AgentRequest {
  return {
    query: String(config['query']),
    history: historyOf(config),
    session: textOf(config['session_id']),
    subject: textOf(config['subject']),
    context: isJsonObject(config['context']) ? config['context'] : {},
    model: textOf(config['model']),
    instructions: textOf(config['instructions']),
    keyId: textOf(config['key_id']),
  };
}

export function formatOf(config: JsonObject): AnswerFormat | null {
  return ANSWER_FORMATS.find((format) => format === config['format']) ?? null;
}

function historyOf(config: JsonObject): readonly SaidBefore[] {
  const { history } = config;
  return Array.isArray(history) ? (history as unknown as readonly SaidBefore[]) : [];
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
