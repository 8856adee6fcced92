import type { PoolConfig } from 'pg';

/** Where the database is, as `pg` takes it. */
export type DatabaseTarget =
  { readonly connectionString: string } | { readonly host: string; readonly user: string; readonly database: string };

/** Which database serves, and what it can do. */
export interface DatabaseInfo {
  readonly kind: 'embedded' | 'server';
  readonly version: string;
  /** Whether LISTEN works, so that processes hear each other. The embedded database has one process only. */
  readonly listen: boolean;
  readonly pgvector: boolean;
}

/** A transaction that nobody uses for this long is rolled back by the database: it blocks vacuum and the event feed. */
export const IDLE_IN_TRANSACTION_MS = 30_000;

const CLIENT_GRACE_MS = 5_000;

/** What every pool sets on its connections. */
export function poolOptions(
  target: DatabaseTarget,
  use: { readonly name: string; readonly max: number; readonly statementTimeoutMs: number },
): PoolConfig {
  return {
    ...target,
    max: use.max,
    application_name: `heddle ${use.name}`,
    statement_timeout: use.statementTimeoutMs,
    // The database cannot end a statement whose connection is gone without a word; this side gives up on it a little later.
    query_timeout: use.statementTimeoutMs + CLIENT_GRACE_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
  };
}
