import { type JsonObject, StepError } from '../../engine/index.js';
import type { OutputStream } from './output/output-stream.js';
import type { ProcessExit } from './process/process-tree.js';

/** What is kept of each output of a process that failed: its end, where the reason stands. */
const MAX_KEPT = 16 * 1024;
const MAX_REASON = 500;

interface Outputs {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

export function commandFailed(ended: ProcessExit & Outputs, retryable: ReadonlySet<number> | null): StepError {
  const how = ended.signal === null ? `exit code ${ended.code}` : `signal ${ended.signal}`;
  const reason = ended.stderr.text().trimEnd().split('\n').at(-1)?.trim().slice(0, MAX_REASON) ?? '';
  return new StepError('command_failed', `The process ended with ${how}${reason === '' ? '.' : `: ${reason}`}`, {
    retryable: retryable?.has(ended.code) ?? true,
    details: { exit_code: ended.code, signal: ended.signal, ...endsOf(ended) },
  });
}

export function timedOut(timeoutMs: number, outputs: Outputs): StepError {
  return new StepError('timeout', `The process did not end within ${timeoutMs} ms and was killed.`, { details: endsOf(outputs) });
}

/** In words that help the author of the definition: what the system says speaks of its calls. */
export function startFailed(file: string, error: unknown): StepError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const name = JSON.stringify(file);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR': {
      const hint = /\s/.test(file) ? ' A line for a shell is a `script`.' : '';
      return new StepError('command_not_found', `There is no program ${name}.${hint}`, { retryable: false, cause: error });
    }
    case 'EACCES':
    case 'ENOEXEC':
      return new StepError('command_not_executable', `${name} cannot be executed.`, { retryable: false, cause: error });
    case 'E2BIG':
      return new StepError('arguments_too_long', 'The arguments and the environment are too long; use stdin or a file.', {
        retryable: false,
        cause: error,
      });
    case 'ERR_INVALID_ARG_VALUE':
      return new StepError('invalid_config', 'Arguments and environment variables must not hold NUL.', { retryable: false, cause: error });
    default:
      return new StepError('process_not_started', `The process could not be started (${code || String(error)}).`, { cause: error });
  }
}

function endsOf({ stdout, stderr }: Outputs): JsonObject {
  return { stdout: tail(stdout.text()), stderr: tail(stderr.text()) };
}

function tail(text: string): string {
  return text.slice(-MAX_KEPT).toWellFormed();
}
