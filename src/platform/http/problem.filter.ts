import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject, Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { AppError } from '../errors/app-error.js';
import { LOGGER, type Logger } from '../logging/index.js';
import { sendProblem } from './edge-answer.js';
import type { EdgeRequest } from './edge-request.js';
import { StoredAnswer } from './idempotency.guard.js';
import { toAppError } from './problem.js';
import { unmatchedRoute } from './unmatched-route.js';

/** Answers every error as problem details, and logs those that are not the caller's fault with their cause. */
@Injectable()
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw thrown;
    const request = host.switchToHttp().getRequest<EdgeRequest>();
    const response = host.switchToHttp().getResponse<Response>();
    if (thrown instanceof StoredAnswer) return thrown.send(request, response);
    const error = this.isUnmatchedRoute(thrown, request) ? unmatchedRoute(request, response) : toAppError(thrown);
    this.log(error, request);
    if (request.idempotency === undefined) sendProblem(request, response, error);
    else void request.idempotency.keepProblem(request, error).then(() => sendProblem(request, response, error));
  }

  private isUnmatchedRoute(thrown: unknown, request: EdgeRequest): boolean {
    return request.routed !== true && thrown instanceof HttpException && thrown.getStatus() === 404;
  }

  private log(error: AppError, request: EdgeRequest): void {
    const { id, method, path, principal } = request;
    const fields = { code: error.code, status: error.status, method, path, request_id: id, tenant: principal?.tenant };
    this.logger[error.logLevel](error.logLevel === 'debug' ? fields : { ...fields, err: error.cause ?? error }, error.detail);
  }
}
