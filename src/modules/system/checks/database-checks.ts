import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import { Database, missingMigrations } from '../../../platform/database/index.js';
import { DoctorRegistry, type Finding } from '../../../platform/doctor/index.js';

const SETTINGS = [
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'autovacuum',
  'max_connections',
  'shared_buffers',
  'work_mem',
  'max_wal_size',
  'wal_level',
] as const;
const DURABLE = { fsync: ['on'], full_page_writes: ['on'], synchronous_commit: ['on', 'remote_write', 'remote_apply', 'local'] } as const;

/** A transaction this old holds up vacuum and the events of every tenant. */
const LONG_TRANSACTION_SECONDS = 60;
const VERY_LONG_TRANSACTION_SECONDS = 3_600;
const MANY_CONNECTIONS = 0.8;
const SKEW_MS = 1_000;
const GREAT_SKEW_MS = 10_000;

interface TransactionRow {
  readonly what: 'backend' | 'prepared' | 'slot';
  readonly name: string | null;
  readonly state: string | null;
  readonly seconds: number | null;
  readonly xmin_age: number | null;
}

/** The database server and how it is set up. */
@Injectable()
export class DatabaseChecks implements OnModuleInit {
  constructor(
    private readonly doctor: DoctorRegistry,
    private readonly database: Database,
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: HeddleConfig,
  ) {}

  onModuleInit(): void {
    this.doctor.register('database', () => this.server());
    this.doctor.register('database_settings', () => this.settings());
    this.doctor.register('migrations', () => this.migrations());
    this.doctor.register('connections', () => this.connections());
    this.doctor.register('transactions', () => this.transactions());
    this.doctor.register('clock', () => this.clock());
    this.doctor.register('secrets', () => this.secrets());
  }

  private server(): Finding {
    const { info } = this.database;
    const details = { ...info };
    if (info.kind === 'embedded') return { status: 'ok', message: `the embedded database, Postgres ${info.version}`, details };
    if (info.pgvector) return { status: 'ok', message: `Postgres ${info.version} with pgvector`, details };
    return {
      status: 'ok',
      message: `Postgres ${info.version}; without pgvector vectors are searched exactly, which is slow for many`,
      details,
    };
  }

  private async settings(): Promise<Finding> {
    const rows = await this.dataSource.query<{ name: string; setting: string }[]>(
      'SELECT name, current_setting(name) AS setting FROM unnest($1::text[]) AS name',
      [SETTINGS],
    );
    const details = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
    const lossy = Object.entries(DURABLE).filter(([name, good]) => !(good as readonly string[]).includes(details[name] ?? ''));
    if (lossy.length > 0) {
      const names = lossy.map(([name]) => `${name}=${details[name]}`).join(', ');
      return { status: 'error', message: `a crash of the database loses what was accepted: ${names}`, details };
    }
    if (details['autovacuum'] === 'off' && this.database.info.kind === 'server') {
      return { status: 'warning', message: 'autovacuum is off: tables and indexes will bloat', details };
    }
    return { status: 'ok', message: 'commits are durable', details };
  }

  private async migrations(): Promise<Finding> {
    const rows = await this.dataSource.query<{ name: string }[]>('SELECT name FROM schema_migrations ORDER BY id');
    const applied = rows.map(({ name }) => name);
    const { missing, unknown } = missingMigrations(applied);
    const details = { applied: applied.length, newest: applied.at(-1) ?? null, missing, unknown };
    if (unknown.length > 0)
      return { status: 'warning', message: 'a newer version of Heddle has changed the schema: update this one', details };
    if (missing.length > 0)
      return { status: 'error', message: 'the schema is older than this version: restart it with HEDDLE_MIGRATE=auto', details };
    return { status: 'ok', message: 'the schema is up to date', details };
  }

  private async connections(): Promise<Finding> {
    const [row] = await this.dataSource.query<{ used: number; ours: number; most: number }[]>(
      `SELECT count(*)::int AS used, (count(*) FILTER (WHERE application_name LIKE 'heddle %'))::int AS ours,
              current_setting('max_connections')::int AS most
       FROM pg_stat_activity WHERE backend_type = 'client backend'`,
    );
    const { used = 0, ours = 0, most = 0 } = row ?? {};
    const { poolSize, enginePoolSize } = this.config.database;
    const details = { used, of_heddle: ours, max_connections: most, pools_of_this_process: poolSize + enginePoolSize };
    if (this.database.info.kind === 'server' && used > most * MANY_CONNECTIONS) {
      return {
        status: 'warning',
        message: `${used} of ${most} connections are taken: raise max_connections or make the pools smaller`,
        details,
      };
    }
    return { status: 'ok', message: `${used} connections`, details };
  }

  private async transactions(): Promise<Finding> {
    const rows = await this.dataSource.query<TransactionRow[]>(
      `SELECT 'backend' AS what, application_name AS name, state, extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds,
              age(backend_xmin)::int AS xmin_age
       FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND xact_start IS NOT NULL
       UNION ALL
       SELECT 'prepared', gid, NULL, extract(epoch FROM clock_timestamp() - prepared)::float8, age(transaction)::int FROM pg_prepared_xacts
       UNION ALL
       SELECT 'slot', slot_name, CASE WHEN active THEN 'active' ELSE 'inactive' END, NULL, age(coalesce(xmin, catalog_xmin))::int
       FROM pg_replication_slots WHERE coalesce(xmin, catalog_xmin) IS NOT NULL
       ORDER BY seconds DESC NULLS LAST LIMIT 20`,
    );
    const oldest = rows.reduce((most, { seconds }) => Math.max(most, seconds ?? 0), 0);
    const details = {
      oldest_seconds: Math.round(oldest),
      holders: rows.map((row) => ({ ...row, seconds: row.seconds && Math.round(row.seconds) })),
    };
    if (oldest < LONG_TRANSACTION_SECONDS) return { status: 'ok', message: 'no transaction is open for long', details };
    const message = `a transaction is open for ${Math.round(oldest)} s: until it ends nothing is vacuumed and the events of tenants stand still`;
    return { status: oldest < VERY_LONG_TRANSACTION_SECONDS ? 'warning' : 'error', message, details };
  }

  private async clock(): Promise<Finding> {
    const before = Date.now();
    const [row] = await this.dataSource.query<{ at: number }[]>('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at');
    const after = Date.now();
    const skew = Math.round((row?.at ?? before) - (before + after) / 2);
    const details = { skew_ms: skew, uncertainty_ms: Math.ceil((after - before) / 2) };
    const certain = Math.abs(skew) - details.uncertainty_ms;
    if (certain < SKEW_MS) return { status: 'ok', message: 'the clocks of this process and of the database agree', details };
    const message = `the clocks of this process and of the database differ by ${skew} ms: timers fire early or late by as much`;
    return { status: certain < GREAT_SKEW_MS ? 'warning' : 'error', message, details };
  }

  private secrets(): Finding {
    const { secretKey, secrets, auth } = this.config;
    const details = {
      secret_key: secretKey !== undefined,
      secrets: Object.keys(secrets).length,
      anonymous_role: auth.anonymousRole ?? null,
    };
    if (auth.anonymousRole === 'admin')
      return { status: 'warning', message: 'whoever reaches the server is its admin: unset HEDDLE_ANONYMOUS_ROLE', details };
    if (secretKey === undefined)
      return { status: 'warning', message: 'signing keys of webhooks are stored as they are: set HEDDLE_SECRET_KEY', details };
    return { status: 'ok', message: 'stored secrets are encrypted', details };
  }
}
