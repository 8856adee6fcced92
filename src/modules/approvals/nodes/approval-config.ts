import type { Json, JsonObject } from '../../../engine/index.js';
import { isJsonObject } from '../../../engine/index.js';
import { objectOf } from '../../nodes/index.js';
import type { ApprovalContent, ApprovalRules, Verdict } from '../approval.js';

/** Reviewers read it: what is larger belongs into an artifact or behind a link. */
export const MAX_CONTENT_CHARACTERS = 65_536;
const MAX_REVIEWERS = 100;
const MAX_EDITABLE = 100;
const YEAR_MS = 366 * 24 * 3600 * 1000;

export const APPROVAL_CONFIG_SCHEMA = objectOf(
  {
    message: { type: 'string', minLength: 1, maxLength: 10_000, description: 'What is asked.' },
    payload: { type: 'object', description: 'Values to look at, and to change where `editable` says so.' },
    editable: {
      type: 'array',
      maxItems: MAX_EDITABLE,
      uniqueItems: true,
      items: { type: 'string', minLength: 1, maxLength: 200 },
      description: 'Members of the payload that a reviewer may change.',
    },
    payload_schema: {
      type: 'object',
      description: 'JSON Schema that an edited payload has to fit. Without it a value keeps the type it was shown with.',
    },
    reviewers: {
      type: 'array',
      maxItems: MAX_REVIEWERS,
      uniqueItems: true,
      items: { type: 'string', minLength: 1, maxLength: 200 },
      description:
        'Who may decide: names or ids of API keys, or the roles `viewer`, `operator`, `admin`. Everybody with `approvals.decide` if not said.',
    },
    quorum: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_REVIEWERS,
      default: 1,
      description: 'How many different keys have to approve. One rejection rejects.',
    },
    expires_in_ms: {
      type: 'integer',
      minimum: 1,
      maximum: YEAR_MS,
      description: 'How long there is to decide, at most 366 days; for ever if not said.',
    },
    default: {
      type: 'string',
      enum: ['approve', 'reject'],
      description: 'What counts when nobody has decided in time. Without it the step fails with `approval_expired`.',
    },
    on_reject: {
      type: 'string',
      enum: ['fail', 'continue'],
      default: 'fail',
      description: '`fail`: a rejection fails the step with `rejected`. `continue`: it is an output like any other, for `when` to look at.',
    },
  },
  ['message'],
);

export interface ApprovalConfig {
  readonly content: ApprovalContent;
  readonly rules: ApprovalRules;
  readonly expiresInMs: number | null;
  readonly failsOnReject: boolean;
}

/** Reads a config that fits the schema. */
export function readApprovalConfig(config: JsonObject): ApprovalConfig {
  const { payload, payload_schema: schema, expires_in_ms: expiresInMs, quorum } = config;
  return {
    content: {
      message: String(config['message']),
      payload: isJsonObject(payload) ? payload : null,
      editable: texts(config['editable']),
      payload_schema: isJsonObject(schema) ? schema : null,
    },
    rules: {
      reviewers: texts(config['reviewers']),
      quorum: typeof quorum === 'number' ? quorum : 1,
      default: verdict(config['default']),
    },
    expiresInMs: typeof expiresInMs === 'number' ? expiresInMs : null,
    failsOnReject: config['on_reject'] !== 'continue',
  };
}

function texts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function verdict(word: Json | undefined): Verdict | null {
  return word === 'approve' ? 'approved' : word === 'reject' ? 'rejected' : null;
}
