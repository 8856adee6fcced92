import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Response } from 'express';
import { AppError } from '../errors/app-error.js';
import { sendProblem } from './edge-answer.js';
import type { EdgeRequest } from './edge-request.js';
import { toAppError } from './problem.js';
import { allowedMethods } from './route-methods.js';

/** Answers every error as problem details, and logs those that are not the caller's fault with their cause. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(thrown: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw thrown;
    const request = host.switchToHttp().getRequest<EdgeRequest>();
    const response = host.switchToHttp().getResponse<Response>();
    const error = this.isUnmatchedRoute(thrown, request) ? unmatchedRoute(request, response) : toAppError(thrown);
    this.log(error, request);
    sendProblem(request, response, error);
  }

  private isUnmatchedRoute(thrown: unknown, request: EdgeRequest): boolean {
    return request.routed !== true && thrown instanceof HttpException && thrown.getStatus() === 404;
  }

  private log(error: AppError, request: EdgeRequest): void {
    const line = {
      msg: error.detail,
      code: error.code,
      status: error.status,
      method: request.method,
      path: request.path,
      request_id: request.id,
      tenant: request.principal?.tenant,
    };
    if (error.logLevel === 'error') this.logger.error({ ...line, err: error.cause ?? error });
    else if (error.logLevel === 'warn') this.logger.warn({ ...line, err: error.cause });
    else if (error.logLevel === 'info') this.logger.log(line);
    else this.logger.debug(line);
  }
}

/** No route took the request: 405 when the path has one for another method, else 404. */
function unmatchedRoute(request: EdgeRequest, response: Response): AppError {
  const allowed = allowedMethods(request);
  if (allowed.length === 0) return new AppError(404, 'not_found', 'no such route');
  response.setHeader('Allow', allowed.join(', '));
  return new AppError(405, 'method_not_allowed', `this path answers to ${allowed.join(', ')}`);
}
