export { Database } from './database.js';
export { DatabaseTooNewError, DatabaseUnusableError, MigrationsPendingError } from './database.errors.js';
export { DatabaseModule } from './database.module.js';
export type { DatabaseInfo, DatabaseTarget } from './database-target.js';
export { ENGINE_POOL, type EnginePool } from './engine-pool.js';
export { ADVISORY_LOCK } from './locks.js';
export { Notifier } from './notifier.js';
export { PostgresListener, type HintHandler } from './postgres-listener.js';
export { isUnavailable, SQLSTATE, sqlstateOf } from './sqlstate.js';
