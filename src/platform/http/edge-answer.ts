import type { ServerResponse } from 'node:http';
import type { AppError } from '../errors/app-error.js';
import { type DialectAnswer, pathWithin } from './dialect.js';
import type { EdgeRequest } from './edge-request.js';
import { PROBLEM_MEDIA_TYPE, toProblem } from './problem.js';

export const JSON_MEDIA_TYPE = 'application/json; charset=utf-8';

/** Answers with a problem, or with what the dialect of the request has for it, or ends a reply that has begun: nothing true can be said any more then. */
export function sendProblem(request: EdgeRequest, response: ServerResponse, error: AppError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const answer = problemAnswer(error, request);
  const body = JSON.stringify(answer.body);
  for (const name of ['Content-Encoding', 'Content-Disposition', 'ETag', 'Cache-Control', 'Location']) response.removeHeader(name);
  if (error.status === 401) response.setHeader('WWW-Authenticate', challenge(request));
  if (error.retryAfterSeconds !== undefined) response.setHeader('Retry-After', Math.max(1, Math.ceil(error.retryAfterSeconds)));
  response.setHeader('Content-Type', answer.mediaType);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.statusCode = answer.status;
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** What a request is answered for an error: a problem, or what its dialect has for it. */
export function problemAnswer(error: AppError, request: EdgeRequest): DialectAnswer {
  const { dialect } = request;
  const url = request.originalUrl ?? request.url;
  const id = request.id ?? '';
  if (dialect !== undefined) return dialect.errorAnswer(error, pathWithin(dialect, url), id);
  return { status: error.status, mediaType: PROBLEM_MEDIA_TYPE, body: toProblem(error, url, id) };
}

function challenge(request: EdgeRequest): string {
  return request.credentialsRefused === true
    ? 'Bearer realm="heddle", error="invalid_token", error_description="the API key is unknown, expired or revoked"'
    : 'Bearer realm="heddle"';
}
