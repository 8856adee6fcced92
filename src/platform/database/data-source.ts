import type { DataSourceOptions } from 'typeorm';
import { IDLE_IN_TRANSACTION_MS, type DatabaseTarget } from './database-target.js';

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** Connection options of a TypeORM DataSource. The schema is ours alone: TypeORM neither changes it nor adds extensions. */
export function typeormTarget(
  target: DatabaseTarget,
  use: {
    readonly poolSize: number;
    readonly applicationName: string;
    readonly statementTimeoutMs?: number;
    readonly onPoolError?: (error: unknown) => void;
  },
): PostgresOptions {
  return {
    type: 'postgres',
    ...('connectionString' in target
      ? { url: target.connectionString }
      : { host: target.host, username: target.user, database: target.database }),
    synchronize: false,
    migrationsRun: false,
    installExtensions: false,
    logging: false,
    poolSize: use.poolSize,
    applicationName: use.applicationName,
    connectTimeoutMS: 10_000,
    ...(use.onPoolError === undefined ? {} : { poolErrorHandler: use.onPoolError }),
    extra: {
      keepAlive: true,
      idleTimeoutMillis: 60_000,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      ...(use.statementTimeoutMs === undefined ? {} : { statement_timeout: use.statementTimeoutMs }),
    },
  };
}
