import { ConflictError, NotFoundError, UnprocessableError, type FieldError } from '../../platform/errors/app-error.js';

export class RunNotFoundError extends NotFoundError {
  constructor() {
    super('run');
  }
}

/** The workflow's concurrency limit is reached and it refuses further runs. */
export class ConcurrencyConflictError extends ConflictError {
  constructor(key: string, limit: number, holders: readonly string[]) {
    super('concurrency_rejected', `the concurrency key is held by as many runs as its limit of ${limit} allows`, {
      extensions: { key, limit, holders },
    });
  }
}

/** Inputs that do not fit the workflow's schema; paths point into the request body. */
export class InvalidInputsError extends UnprocessableError {
  constructor(errors: readonly FieldError[]) {
    super('the inputs do not fit the schema of the workflow', errors, 'invalid_inputs');
  }
}
