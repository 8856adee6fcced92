import { Socket } from 'node:net';
import { Client, DatabaseError, type QueryConfig } from 'pg';
import { StepError } from '../../../../engine/index.js';
import { type SqlAnswer, type SqlQuestion, toJson } from './sql-answer.js';

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Asks a Postgres, in a transaction that only reads and is rolled back. The statement becomes a cursor's query: the server takes
 * SELECT and VALUES there and nothing else, one of it, and no data-modifying WITH. Throws `StepError`.
 */
export async function queryPostgres(url: string, question: SqlQuestion): Promise<SqlAnswer> {
  const { query, params, maxRows, timeoutMs, signal } = question;
  signal.throwIfAborted();
  const socket = new Socket();
  const client = new Client({
    stream: () => socket,
    connectionString: url,
    application_name: 'heddle sql_query',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: timeoutMs,
    idle_in_transaction_session_timeout: timeoutMs,
    options: '-c default_transaction_read_only=on',
  });
  client.on('error', () => {});
  // The server ends the query by itself, at its timeout at the latest.
  const onAbort = (): void => void socket.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await client.connect();
    await client.query('BEGIN READ ONLY');
    // Parameters are always sent apart, also when there are none: the protocol with them takes one statement only.
    const declare: QueryConfig & { queryMode: 'extended' } = {
      text: `DECLARE answer NO SCROLL CURSOR FOR ${query}`,
      values: [...params],
      queryMode: 'extended',
    };
    await client.query(declare);
    const result = await client.query<unknown[]>({ text: `FETCH ${maxRows + 1} FROM answer`, rowMode: 'array' });
    return {
      columns: result.fields.map(({ name }) => name),
      rows: result.rows.slice(0, maxRows).map((row) => row.map(toJson)),
      truncated: result.rows.length > maxRows,
    };
  } catch (error) {
    signal.throwIfAborted();
    throw refusal(error);
  } finally {
    signal.removeEventListener('abort', onAbort);
    void client.end().catch(() => {});
  }
}

function refusal(error: unknown): StepError {
  if (!(error instanceof DatabaseError)) return new StepError('connect_failed', 'the database does not answer', { cause: error });
  if (error.code === '57014') return new StepError('timeout', 'the query took too long', { retryable: false });
  return new StepError('sql_refused', `the database refuses the query: ${error.message}`, {
    retryable: false,
    details: { sqlstate: error.code ?? '' },
  });
}
