import type { LogLevel } from '../../../engine/ports/node-type.js';

/** What a sandbox thread is asked to do. Values cross the border as JSON text. */
export interface SandboxTask {
  readonly source: string;
  readonly input: string;
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  readonly outputBytes: number;
}

export type SandboxFailureCode =
  | 'script_syntax'
  | 'script_error'
  | 'script_never_settles'
  | 'memory_limit'
  | 'stack_overflow'
  | 'timeout'
  | 'too_large'
  | 'sandbox_crashed';

export interface SandboxFailure {
  readonly code: SandboxFailureCode;
  readonly message: string;
  /** Line of `source` the error came from, 1-based. */
  readonly line?: number;
}

/** What a sandbox thread tells: that it begins, log lines, and exactly one end. */
export type SandboxMessage =
  | { readonly kind: 'started' }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string }
  | { readonly kind: 'done'; readonly output: string }
  | { readonly kind: 'failed'; readonly failure: SandboxFailure };
