import { BadRequestException, ForbiddenException, InternalServerErrorException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../engine/ports/run-store.js';
import { AppError } from '../errors/app-error.js';
import { toAppError, toProblem } from './problem.js';

describe('an error of any kind', () => {
  it.each([
    [new AppError(409, 'taken', 'x'), 409, 'taken'],
    [new BadRequestException('x'), 400, 'bad_request'],
    [new ForbiddenException(), 403, 'forbidden'],
    [new InternalServerErrorException('SELECT 1'), 500, 'internal_error'],
    [new URIError('x'), 400, 'bad_request'],
    [Object.assign(new Error('x'), { status: 413, expose: true }), 413, 'payload_too_large'],
    [Object.assign(new Error('x'), { status: 413, expose: false }), 500, 'internal_error'],
    [Object.assign(new Error('terminating connection'), { code: '57P01' }), 503, 'unavailable'],
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 503, 'unavailable'],
    [new StoreUnavailableError('x'), 503, 'unavailable'],
    [new Error('secret'), 500, 'internal_error'],
    ['a string', 500, 'internal_error'],
    [undefined, 500, 'internal_error'],
  ])('%j becomes %i %s', (thrown, status, code) => {
    expect(toAppError(thrown)).toMatchObject({ status, code });
  });

  it('keeps its cause for the log and out of the answer', () => {
    const cause = new Error('password=hunter2');
    const error = toAppError(cause);
    expect(error.cause).toBe(cause);
    expect(JSON.stringify(toProblem(error, '/', 'r'))).not.toContain('hunter2');
  });
});

it('an answer names the path without its query, since queries can hold secrets', () => {
  const error = new AppError(429, 'budget', 'too much', { errors: [{ path: '/a', code: 'x', message: 'y' }], extensions: { spent: 3 } });
  expect(toProblem(error, '/api/v1/x?token=1', 'r-1')).toEqual({
    type: 'urn:heddle:problem:budget',
    title: 'Too Many Requests',
    status: 429,
    detail: 'too much',
    instance: '/api/v1/x',
    code: 'budget',
    request_id: 'r-1',
    errors: [{ path: '/a', code: 'x', message: 'y' }],
    spent: 3,
  });
});
