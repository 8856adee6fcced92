import pg from 'pg';
import type { HeddleConfig } from '../../config/index.js';
import type { Logger } from '../logging/index.js';
import { DatabaseUnusableError } from './database.errors.js';
import { IDLE_IN_TRANSACTION_MS, type DatabaseInfo, type DatabaseTarget } from './database-target.js';
import { EmbeddedServer } from './embedded/embedded-server.js';
import { migrate } from './migrate.js';
import { isUnavailable } from './sqlstate.js';

const OLDEST_MAJOR = 15;
/** A database that starts together with us (compose, a pod) gets this long. */
const START_PATIENCE_MS = 60_000;
const RETRY_MS = 1_000;

/** The opened database: where it is and what it can do. Its schema is up to date. */
export class Database {
  private constructor(
    readonly target: DatabaseTarget,
    /** For LISTEN: past any transaction pooler. */
    readonly directTarget: DatabaseTarget,
    readonly info: DatabaseInfo,
    private readonly embedded: EmbeddedServer | null,
  ) {}

  /** Opens the configured database, the embedded one by default, and migrates it. */
  static async open(config: HeddleConfig, logger: Logger): Promise<Database> {
    const { url, directUrl, migrate: mode } = config.database;
    const embedded = url === undefined ? await Database.startEmbedded(config, logger) : null;
    const target = embedded === null ? { connectionString: url ?? '' } : { host: embedded.host, user: 'postgres', database: 'postgres' };
    const directTarget = directUrl === undefined ? target : { connectionString: directUrl };
    try {
      const version = await awaitVersion(directTarget, logger);
      const { applied, pgvector } = await migrate(directTarget, mode);
      const info: DatabaseInfo = { kind: embedded === null ? 'server' : 'embedded', version, listen: embedded === null, pgvector };
      logger.info({ ...info, migrations_applied: applied }, 'database ready');
      return new Database(target, directTarget, info, embedded);
    } catch (error) {
      await embedded?.stop();
      throw error;
    }
  }

  /** Only the embedded database ends with the process. Every pool must be closed before. */
  async close(): Promise<void> {
    await this.embedded?.stop();
  }

  private static startEmbedded(config: HeddleConfig, logger: Logger): Promise<EmbeddedServer> {
    return EmbeddedServer.start({
      dataDir: config.dataDir,
      idleInTransactionMs: IDLE_IN_TRANSACTION_MS,
      onRestart: (reason) => logger.error({ reason }, 'the embedded database ended and is started again'),
    });
  }
}

async function awaitVersion(target: DatabaseTarget, logger: Logger): Promise<string> {
  const giveUpAt = performance.now() + START_PATIENCE_MS;
  for (;;) {
    try {
      return await readVersion(target);
    } catch (error) {
      if (!isUnavailable(error) || performance.now() > giveUpAt) throw unusable(error);
      logger.warn({ reason: (error as Error).message }, 'the database is not there yet, trying again');
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function unusable(error: unknown): Error {
  if (error instanceof DatabaseUnusableError) return error;
  return new DatabaseUnusableError(`cannot connect to the database: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

async function readVersion(target: DatabaseTarget): Promise<string> {
  const client = new pg.Client({ ...target, connectionTimeoutMillis: 10_000, application_name: 'heddle start' });
  // The failing query reports it; without a listener a lost connection would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; number: string }>(
      "SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number",
    );
    const [row] = rows;
    if (row === undefined || Number(row.number) < OLDEST_MAJOR * 10_000) {
      throw new DatabaseUnusableError(`Heddle needs Postgres ${OLDEST_MAJOR} or later; this is ${row?.version ?? 'unknown'}`);
    }
    return row.version;
  } finally {
    await client.end().catch(() => {});
  }
}
