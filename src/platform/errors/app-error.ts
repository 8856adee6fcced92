/** One fault of an input, as `errors[]` of a problem answer. */
export interface FieldError {
  /** JSON pointer (RFC 6901) into the request body, or the parameter's name. */
  readonly path: string;
  /** A word code: `required`, `type`, `unknown_field`, … */
  readonly code: string;
  readonly message: string;
}

export type LogLevelOfError = 'debug' | 'info' | 'warn' | 'error';

export interface AppErrorOptions {
  readonly errors?: readonly FieldError[];
  /** Further members of the problem answer (RFC 9457 §3.2), snake_case. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Seconds, sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** How loud the filter logs it. Default: `error` from status 500 on, else `debug`. */
  readonly logLevel?: LogLevelOfError;
  readonly cause?: unknown;
}

/**
 * An error that knows its answer: HTTP status, word code and detail for the caller. Everything that is not an AppError
 * is answered as 500 `internal_error` and logged with its cause. `detail` is shown to callers: no SQL, stacks, secrets.
 */
export class AppError extends Error {
  override readonly name: string = 'AppError';
  readonly errors: readonly FieldError[];
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;
  readonly logLevel: LogLevelOfError;

  constructor(
    readonly status: number,
    /** Word code, also the tail of the problem's `type` URN. */
    readonly code: string,
    readonly detail: string,
    options: AppErrorOptions = {},
  ) {
    super(detail, { cause: options.cause });
    this.errors = options.errors ?? [];
    this.extensions = options.extensions ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.logLevel = options.logLevel ?? (status >= 500 ? 'error' : 'debug');
  }
}

export class NotFoundError extends AppError {
  constructor(what: string, options?: AppErrorOptions) {
    super(404, 'not_found', `${what} not found`, options);
  }
}

/** Valid JSON that means nothing here: every fault at once. */
export class UnprocessableError extends AppError {
  constructor(detail: string, errors: readonly FieldError[], code = 'validation_failed') {
    super(422, code, detail, { errors });
  }
}

/** The request itself is malformed. */
export class BadRequestError extends AppError {
  constructor(detail: string, errors: readonly FieldError[] = [], code = 'bad_request') {
    super(400, code, detail, { errors });
  }
}

export class ConflictError extends AppError {
  constructor(code: string, detail: string, options?: AppErrorOptions) {
    super(409, code, detail, options);
  }
}
