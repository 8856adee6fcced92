import { objectOf } from './schemas.js';

const SCALAR = ['string', 'number', 'boolean', 'null'];
const STATUS = { type: 'integer', minimum: 100, maximum: 599 };

export const HTTP_REQUEST_CONFIG = objectOf(
  {
    method: {
      type: 'string',
      enum: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      default: 'GET',
      description: 'HTTP method.',
    },
    url: { type: 'string', minLength: 1, maxLength: 16_384, description: 'Absolute http or https URL.' },
    headers: {
      type: 'object',
      additionalProperties: { type: ['string', 'number', 'boolean'] },
      description: 'Request headers. Those that frame the message (host, content-length, …) are set by the client.',
    },
    query: {
      type: 'object',
      additionalProperties: { type: [...SCALAR, 'array'], items: { type: SCALAR } },
      description: 'Appended to the query of the URL; lists repeat the name, null leaves it out.',
    },
    body: { description: 'Request body; see `body_type`.' },
    body_type: {
      type: 'string',
      enum: ['auto', 'json', 'text', 'form', 'bytes'],
      default: 'auto',
      description:
        'How `body` is sent: `json`; `text`; `form`, an object as urlencoded fields; `bytes`, base64 decoded. `auto` sends strings as text, all else as JSON.',
    },
    timeout_ms: {
      type: 'integer',
      minimum: 1,
      maximum: 3_600_000,
      default: 30_000,
      description: 'Limit of the whole exchange, redirects included.',
    },
    follow_redirects: { type: 'boolean', default: true, description: 'Whether to follow up to 10 redirects.' },
    max_response_bytes: {
      type: 'integer',
      minimum: 0,
      maximum: 67_108_864,
      default: 16_777_216,
      description: 'Limit of the response body, counted after decompression.',
    },
    response: {
      type: 'string',
      enum: ['auto', 'json', 'text', 'base64'],
      default: 'auto',
      description: 'How the response body is read. `auto` goes by its media type: JSON is parsed, text is text, all else is base64.',
    },
    retry_statuses: {
      type: 'array',
      items: STATUS,
      maxItems: 100,
      default: [],
      description: 'Statuses that fail the attempt with `http_status`, so that `retry` applies; `Retry-After` is respected.',
    },
    fail_on_status: {
      type: 'boolean',
      default: false,
      description: 'Whether status 400 and above fails the step with `http_status`; 408, 425, 429 and 5xx may be retried.',
    },
    idempotency_key: {
      type: 'boolean',
      default: true,
      description: 'Whether POST, PUT, PATCH and DELETE carry an `Idempotency-Key` that stays the same when the step is executed again.',
    },
  },
  ['url'],
);

export const HTTP_REQUEST_OUTPUT = objectOf(
  {
    status: STATUS,
    headers: {
      type: 'object',
      additionalProperties: { type: ['string', 'array'], items: { type: 'string' } },
      description: 'Lower-case names; `set-cookie` is a list.',
    },
    body: { description: 'The response body, as `response` says; null when there is none.' },
  },
  ['status', 'headers', 'body'],
);
