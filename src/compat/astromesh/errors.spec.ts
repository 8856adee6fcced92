import { expect, it } from 'vitest';
import { AppError, BadRequestError, NotFoundError, UnprocessableError } from '../../platform/errors/app-error.js';
import { agentNotFound, astromeshError } from './errors.js';

const unavailable = (...classes: string[]): AppError =>
  new AppError(503, 'providers_unavailable', 'no model answered', { extensions: { reasons: classes.map((name) => ({ class: name })) } });
const required = { path: '/query', code: 'required', message: 'is required' };
const nested = { path: '/documents/0/a~1b', code: 'type', message: 'must be a string' };
const parameter = { path: 'top_k', code: 'range', message: 'must not be greater than 100' };

it.each<[string, AppError, number, unknown]>([
  ['no route', new NotFoundError('route'), 404, 'Not Found'],
  ['no agent', agentNotFound('a'), 404, "Agent 'a' not found"],
  ['another method', new AppError(405, 'method_not_allowed', 'this path answers to GET'), 405, 'Method Not Allowed'],
  ['no key', new AppError(401, 'unauthorized', 'a key is needed'), 401, 'a key is needed'],
  ['a defect', new AppError(500, 'internal_error', 'x'), 500, 'Internal Server Error'],
  [
    'no JSON',
    new BadRequestError('x', [], 'malformed_json'),
    422,
    [{ type: 'json_invalid', loc: ['body'], msg: 'JSON decode error', input: null }],
  ],
  [
    'what is missing',
    new UnprocessableError('x', [required]),
    422,
    [{ type: 'missing', loc: ['body', 'query'], msg: 'Field required', input: null }],
  ],
  [
    'a wrong type',
    new UnprocessableError('x', [nested]),
    422,
    [{ type: 'type_error', loc: ['body', 'documents', 0, 'a/b'], msg: 'must be a string', input: null }],
  ],
  [
    'a wrong parameter',
    new UnprocessableError('x', [parameter]),
    422,
    [{ type: 'value_error', loc: ['query', 'top_k'], msg: 'must not be greater than 100', input: null }],
  ],
  ['a failure of the agent', new UnprocessableError('max_iterations reached', [], 'max_iterations'), 422, 'max_iterations reached'],
])('%s', (_, error, status, detail) => {
  expect(astromeshError(error)).toEqual({ status, mediaType: 'application/json', body: { detail } });
});

it.each([
  [['timeout', 'timeout'], 'model_timeout'],
  [['circuit_open'], 'model_no_eligible_provider'],
  [['unavailable'], 'model_provider_unavailable'],
  [['auth'], 'model_all_providers_failed'],
  [['timeout', 'unavailable'], 'model_all_providers_failed'],
  [[], 'model_all_providers_failed'],
])('models that fail by %j are %s', (classes, error) => {
  expect(astromeshError(unavailable(...classes))).toMatchObject({ status: 503, body: { detail: { error, message: 'no model answered' } } });
});
