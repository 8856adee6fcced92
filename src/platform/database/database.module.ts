import { Global, Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { HealthRegistry } from '../lifecycle/index.js';
import { LOGGER, type Logger } from '../logging/index.js';
import { typeormTarget } from './data-source.js';
import { Database } from './database.js';
import { createEnginePool, ENGINE_POOL, type EnginePool } from './engine-pool.js';
import { Notifier } from './notifier.js';
import { PostgresListener } from './postgres-listener.js';

/** Requests give up long before a statement does. */
const STATEMENT_TIMEOUT_MS = 30_000;

@Global()
@Module({
  providers: [
    { provide: Database, inject: [CONFIG, LOGGER], useFactory: (config: HeddleConfig, logger: Logger) => Database.open(config, logger) },
    {
      provide: ENGINE_POOL,
      inject: [Database, CONFIG, LOGGER],
      useFactory: (database: Database, config: HeddleConfig, logger: Logger) =>
        createEnginePool(database.target, config.database.enginePoolSize, logger),
    },
    {
      provide: PostgresListener,
      inject: [Database, LOGGER],
      useFactory: (database: Database, logger: Logger) => new PostgresListener(database, logger),
    },
    {
      provide: Notifier,
      inject: [Database, ENGINE_POOL, PostgresListener, LOGGER],
      useFactory: (database: Database, pool: EnginePool, listener: PostgresListener, logger: Logger) =>
        new Notifier(database, pool, listener, logger),
    },
  ],
  exports: [Database, ENGINE_POOL, PostgresListener, Notifier],
})
class DatabaseCoreModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(ENGINE_POOL) private readonly pool: EnginePool,
    private readonly database: Database,
    private readonly listener: PostgresListener,
    private readonly notifier: Notifier,
    private readonly health: HealthRegistry,
    private readonly modules: ModuleRef,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.health.register('database', () => this.ping());
    await this.listener.start();
  }

  private async ping(): Promise<void> {
    try {
      await this.pool.query('SELECT 1');
    } catch (cause) {
      throw new Error('the database does not answer', { cause });
    }
  }

  /** Last of all: every pool first, then the embedded database they are connected to. */
  async onApplicationShutdown(): Promise<void> {
    await this.notifier.close();
    await this.listener.close();
    const dataSource = this.modules.get(DataSource, { strict: false });
    if (dataSource.isInitialized) await dataSource.destroy();
    await this.pool.end();
    await this.database.close();
  }
}

/** The database and everything that speaks to it: TypeORM for the tables people read, a pool for the engine, hints. */
@Module({
  imports: [
    DatabaseCoreModule,
    TypeOrmModule.forRootAsync({
      inject: [Database, CONFIG, LOGGER],
      useFactory: (database: Database, config: HeddleConfig, logger: Logger) => ({
        ...typeormTarget(database.target, {
          poolSize: config.database.poolSize,
          applicationName: 'heddle requests',
          statementTimeoutMs: STATEMENT_TIMEOUT_MS,
          onPoolError: (error) =>
            logger.warn({ reason: error instanceof Error ? error.message : String(error) }, 'an idle database connection broke'),
        }),
        autoLoadEntities: true,
        retryAttempts: 0,
      }),
    }),
  ],
})
export class DatabaseModule {}
