import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { titleOfStatus } from './problem.js';

/** A status that answers a problem. */
export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 416 | 422 | 429 | 500 | 502 | 503;

/**
 * States which problems a route answers: `@ApiProblems(404, 409)`. The written document gives every error answer without a
 * schema of its own the problem schema with an example, and adds to every route what any route can answer (400, 401, 403, 429, 500, 503, and with a body 413, 415, 422).
 */
export function ApiProblems(...statuses: ProblemStatus[]): MethodDecorator & ClassDecorator {
  return applyDecorators(...statuses.map((status) => ApiResponse({ status, description: titleOfStatus(status) })));
}
