import { fork } from 'node:child_process';
import { StepError } from '../../../../engine/index.js';
import type { SqlAnswer, SqlQuestion } from './sql-answer.js';

/** From sources (tests) Node reads the TypeScript itself. */
const PROGRAM = new URL(import.meta.url.endsWith('.ts') ? './sqlite-query.worker.ts' : './sqlite-query.worker.js', import.meta.url);

/**
 * Asks a SQLite file. A process of its own reads it, because a query that runs for ever can only be ended with the process that
 * runs it. Throws `StepError`.
 */
export async function querySqlite(path: string, question: SqlQuestion): Promise<SqlAnswer> {
  const { query, params, maxRows, timeoutMs, signal } = question;
  signal.throwIfAborted();
  const child = fork(PROGRAM, {
    execArgv: ['--max-old-space-size=128', '--disable-warning=ExperimentalWarning'],
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const limit = AbortSignal.timeout(timeoutMs);
  const ended = AbortSignal.any([signal, limit]);
  let onEnd = (): void => {};
  try {
    const answer = await new Promise<SqlAnswer | { readonly fault: string }>((resolve, reject) => {
      onEnd = () =>
        reject(signal.aborted ? (signal.reason as Error) : new StepError('timeout', 'the query took too long', { retryable: false }));
      ended.addEventListener('abort', onEnd, { once: true });
      child.once('message', (message) => resolve(message as SqlAnswer));
      child.once('error', reject);
      child.once('exit', () => reject(new StepError('sql_refused', 'the query needs too much memory', { retryable: false })));
      child.send({
        path,
        query,
        params: params.map((value) =>
          typeof value === 'object' && value !== null ? JSON.stringify(value) : typeof value === 'boolean' ? Number(value) : value,
        ),
        maxRows,
      });
    });
    if ('fault' in answer) throw new StepError('sql_refused', `the database refuses the query: ${answer.fault}`, { retryable: false });
    return answer;
  } finally {
    ended.removeEventListener('abort', onEnd);
    child.kill('SIGKILL');
  }
}
