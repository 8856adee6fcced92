import type { ServerResponse } from 'node:http';
import type { AppError } from '../errors/app-error.js';
import type { EdgeRequest } from './edge-request.js';
import { PROBLEM_MEDIA_TYPE, toProblem } from './problem.js';

export const JSON_MEDIA_TYPE = 'application/json; charset=utf-8';

/** Answers with a problem, or ends a reply that has begun: nothing true can be said any more then. */
export function sendProblem(request: EdgeRequest, response: ServerResponse, error: AppError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify(toProblem(error, request.originalUrl ?? request.url, request.id ?? ''));
  for (const name of ['Content-Encoding', 'Content-Disposition', 'ETag', 'Cache-Control', 'Location']) response.removeHeader(name);
  if (error.status === 401) response.setHeader('WWW-Authenticate', challenge(request));
  if (error.retryAfterSeconds !== undefined) response.setHeader('Retry-After', Math.max(1, Math.ceil(error.retryAfterSeconds)));
  response.setHeader('Content-Type', PROBLEM_MEDIA_TYPE);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.statusCode = error.status;
  response.end(request.method === 'HEAD' ? undefined : body);
}

function challenge(request: EdgeRequest): string {
  return request.credentialsRefused === true
    ? 'Bearer realm="heddle", error="invalid_token", error_description="the API key is unknown, expired or revoked"'
    : 'Bearer realm="heddle"';
}
