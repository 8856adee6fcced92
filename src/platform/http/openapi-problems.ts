import { AppError, type FieldError } from '../errors/app-error.js';
import { PROBLEM_MEDIA_TYPE, titleOfStatus, toProblem } from './problem.js';

type Json = Record<string, unknown>;

interface Example {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly extensions?: Json;
}

/** What a status means here, by its most usual codes. */
const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  400: [
    { code: 'malformed_json', detail: 'the body is not valid JSON: unexpected text at position 17' },
    {
      code: 'bad_cursor',
      detail: 'the cursor was not issued by this list',
      errors: [{ path: 'cursor', code: 'bad_cursor', message: 'is not a cursor of this list' }],
    },
  ],
  401: [{ code: 'unauthorized', detail: 'the API key is unknown, expired or revoked' }],
  403: [{ code: 'forbidden', detail: 'this needs the permission runs.create', extensions: { missing_permission: 'runs.create' } }],
  404: [{ code: 'not_found', detail: 'run not found' }],
  405: [{ code: 'method_not_allowed', detail: 'this path answers to GET, HEAD' }],
  408: [{ code: 'request_timeout', detail: 'the time of this request is over' }],
  409: [
    { code: 'idempotency_key_reused', detail: 'this Idempotency-Key was used for another request' },
    { code: 'idempotency_in_flight', detail: 'a request with this Idempotency-Key is still being worked on' },
  ],
  413: [{ code: 'payload_too_large', detail: 'the body is larger than 16777216 bytes' }],
  415: [{ code: 'unsupported_media_type', detail: 'the body must be application/json, not text/plain' }],
  416: [{ code: 'range_not_satisfiable', detail: 'the range is outside of the file' }],
  422: [
    {
      code: 'validation_failed',
      detail: 'the body is not valid',
      errors: [
        { path: '/name', code: 'required', message: 'is required' },
        { path: '/nmae', code: 'unknown_field', message: 'is not a known field' },
      ],
    },
  ],
  429: [{ code: 'rate_limited', detail: 'more than 6000 requests within a minute' }],
  500: [{ code: 'internal_error', detail: 'an unexpected error; the log has it under this request id' }],
  503: [{ code: 'draining', detail: 'the server is shutting down' }],
};

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  400: 'The request is malformed',
  401: 'No API key, or one that is unknown, expired or revoked',
  403: 'The API key lacks a permission',
  404: 'There is no such thing in this tenant',
  405: 'The path has no such method',
  408: 'The time is over',
  409: 'The state of things does not allow it',
  413: 'The body is too large',
  415: 'The body has a media type, charset or encoding that is not taken',
  416: 'The range is outside of the file',
  422: 'The request is well-formed and means nothing; `errors` has every fault',
  429: 'Too many requests within a minute',
  500: 'An unexpected error',
  503: 'The server is starting, shutting down or without its database',
};

const RETRY_AFTER = { description: 'Seconds to wait before trying again', schema: { type: 'integer' }, example: 5 };
const CHALLENGE = { description: 'How to send credentials', schema: { type: 'string' }, example: 'Bearer realm="heddle"' };
const EXTRA_HEADERS: Readonly<Record<string, Json>> = {
  401: { 'WWW-Authenticate': CHALLENGE },
  409: { 'Retry-After': RETRY_AFTER },
  429: { 'Retry-After': RETRY_AFTER },
  503: { 'Retry-After': RETRY_AFTER },
};

/** Component name of a status's problem answer: `NotFound`. */
export function responseName(status: string): string {
  return titleOfStatus(Number(status)).replaceAll(/[^A-Za-z]/g, '');
}

export function problemResponses(statuses: readonly string[], headers: Json): Record<string, Json> {
  return Object.fromEntries(statuses.map((status) => [responseName(status), problemResponse(status, headers)]));
}

function problemResponse(status: string, headers: Json): Json {
  const examples = EXAMPLES[status] ?? [];
  return {
    description: DESCRIPTIONS[status] ?? titleOfStatus(Number(status)),
    headers: { ...EXTRA_HEADERS[status], ...headers },
    content: {
      [PROBLEM_MEDIA_TYPE]: {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(examples.map((example) => [example.code, { value: exampleBody(Number(status), example) }])),
      },
    },
  };
}

function exampleBody(status: number, { code, detail, errors = [], extensions = {} }: Example): unknown {
  return toProblem(new AppError(status, code, detail, { errors, extensions }), '/api/v1/runs', '5f0c7f0e-6f0b-4d53-9a35-4a5b8b9f0c11');
}

export function problemSchemas(): Record<string, Json> {
  return {
    FieldError: {
      type: 'object',
      required: ['path', 'code', 'message'],
      properties: {
        path: {
          type: 'string',
          description: 'JSON pointer (RFC 6901) into the body, or the name of a parameter',
          example: '/nodes/0/config/url',
        },
        code: { type: 'string', description: 'A word that names the fault', example: 'required' },
        message: { type: 'string', example: 'is required' },
      },
      additionalProperties: true,
    },
    Problem: {
      type: 'object',
      description: 'An error by RFC 9457. Further members belong to the code.',
      required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'request_id'],
      properties: {
        type: { type: 'string', format: 'uri', example: 'urn:heddle:problem:not_found' },
        title: { type: 'string', example: 'Not Found' },
        status: { type: 'integer', example: 404 },
        detail: { type: 'string', description: 'What went wrong, for people', example: 'run not found' },
        instance: { type: 'string', description: 'The path of the request', example: '/api/v1/runs' },
        code: { type: 'string', description: 'What went wrong, for programs', example: 'not_found' },
        request_id: { type: 'string', description: 'Under which the log has it' },
        errors: { type: 'array', items: { $ref: '#/components/schemas/FieldError' } },
      },
      additionalProperties: true,
    },
  };
}
