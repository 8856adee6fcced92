import pg from 'pg';
import type { Logger } from '../logging/index.js';
import { poolOptions, type DatabaseTarget } from './database-target.js';

/** Injection token of the run engine's `pg.Pool`, apart from the pool of requests so that neither starves the other. */
export const ENGINE_POOL = Symbol('ENGINE_POOL');

export type EnginePool = pg.Pool;

/**
 * Everything the engine asks is asked by key. A plan made while the tables were empty is kept for the life of a connection,
 * so it must not be one that reads whole tables; nor is planning each flush anew worth its millisecond.
 */
const PLANNER_SETTINGS = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off';

/** The engine's statements are short; one that is not has met a lock it should not wait for. */
const STATEMENT_TIMEOUT_MS = 30_000;

export function createEnginePool(target: DatabaseTarget, max: number, logger: Logger): EnginePool {
  // The embedded database has one session for everybody: what is set there is set for all.
  const server = 'connectionString' in target;
  const pool = new pg.Pool({
    ...poolOptions(target, { name: 'engine', max, statementTimeoutMs: STATEMENT_TIMEOUT_MS }),
    ...(server ? { options: PLANNER_SETTINGS } : {}),
  });
  // A restart of the database ends every idle connection with an 'error' event on the pool; an EventEmitter without a
  // listener for it throws, which would end this process just when it has to reconnect. The pool drops the connection
  // by itself and opens another for the next query.
  pool.on('error', (error) => logger.warn({ reason: error.message }, 'an idle database connection broke'));
  // A connection that is checked out reports to itself, not to the pool. Whoever uses it learns of it by its query.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}
