import type { NextFunction, Request, Response } from 'express';
import { type Dialect, dialectFinder } from './dialect.js';
import type { EdgeRequest } from './edge-request.js';

/** Tells each request its dialect, before anything else looks at it. */
export function dialectMiddleware(dialects: readonly Dialect[]): (request: Request, response: Response, next: NextFunction) => void {
  const find = dialectFinder(dialects);
  return (request, _response, next) => {
    const dialect = find(request.url);
    if (dialect !== undefined) (request as EdgeRequest).dialect = dialect;
    next();
  };
}
