import pg from 'pg';
import { DataSource } from 'typeorm';
import { MIGRATIONS } from '../../../migrations/index.js';
import { DatabaseTooNewError, MigrationsPendingError } from './database.errors.js';
import { typeormTarget } from './data-source.js';
import type { DatabaseTarget } from './database-target.js';
import { ADVISORY_LOCK } from './locks.js';
import { SQLSTATE, sqlstateOf } from './sqlstate.js';

const KNOWN = MIGRATIONS.map((migration) => migration.name);

/** What a database with these migrations lacks, and what of it this version does not know. */
export function missingMigrations(applied: readonly string[]): {
  readonly missing: readonly string[];
  readonly unknown: readonly string[];
} {
  return { missing: KNOWN.filter((name) => !applied.includes(name)), unknown: applied.filter((name) => !KNOWN.includes(name)) };
}

export interface MigrationOutcome {
  readonly applied: readonly string[];
  readonly pgvector: boolean;
}

/**
 * Brings the schema up to date, or only looks (`check`). Any number of processes may do so at once: all but one wait for
 * a session lock and then find nothing left to do. The lock is the database's, so it ends with its holder.
 */
export async function migrate(target: DatabaseTarget, mode: 'auto' | 'check'): Promise<MigrationOutcome> {
  const client = new pg.Client({ ...target, application_name: 'heddle migrations' });
  // The failing query reports it; without a listener a lost connection would end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK.migrations]);
    const done = await appliedMigrations(client);
    const { missing: pending, unknown } = missingMigrations(done);
    if (unknown.length > 0) throw new DatabaseTooNewError(unknown);
    if (pending.length > 0 && mode === 'check') throw new MigrationsPendingError(pending);
    if (pending.length > 0) await applyPending(target);
    return { applied: pending, pgvector: await enableVector(client, mode) };
  } finally {
    await client.end();
  }
}

async function appliedMigrations(client: pg.Client): Promise<string[]> {
  try {
    const { rows } = await client.query<{ name: string }>('SELECT name FROM schema_migrations ORDER BY id');
    return rows.map((row) => row.name);
  } catch (error) {
    if (sqlstateOf(error) === SQLSTATE.undefinedTable) return [];
    throw error;
  }
}

async function applyPending(target: DatabaseTarget): Promise<void> {
  const dataSource = new DataSource({
    ...typeormTarget(target, { poolSize: 1, applicationName: 'heddle migrations' }),
    migrations: [...MIGRATIONS],
    migrationsTableName: 'schema_migrations',
    migrationsTransactionMode: 'each',
  });
  await dataSource.initialize();
  try {
    await dataSource.runMigrations();
  } finally {
    await dataSource.destroy();
  }
}

/** Whether vectors can be indexed: the extension is there, or may be created. Everything works without it, but exactly. */
async function enableVector(client: pg.Client, mode: 'auto' | 'check'): Promise<boolean> {
  const { rows } = await client.query<{ installed: string | null }>(
    "SELECT installed_version AS installed FROM pg_available_extensions WHERE name = 'vector'",
  );
  const [extension] = rows;
  if (extension === undefined) return false;
  if (extension.installed !== null || mode === 'check') return extension.installed !== null;
  try {
    await client.query('CREATE EXTENSION IF NOT EXISTS vector');
    return true;
  } catch (error) {
    if (sqlstateOf(error) === SQLSTATE.insufficientPrivilege) return false;
    throw error;
  }
}
