import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../migrations/index.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { realPostgres, startServer, type RealPostgres } from '../support/index.js';

let postgres: RealPostgres;
beforeAll(async () => {
  postgres = await realPostgres();
});
afterAll(() => postgres.stop());

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(text);
  await client.end();
  return rows;
}

describe('migrations', { timeout: 180_000 }, () => {
  it('are all listed in their index, in order', () => {
    const files = readdirSync(join(import.meta.dirname, '..', '..', 'migrations')).filter((file) => /^\d{13}-[a-z0-9-]+\.ts$/.test(file));
    const named = (file: string) =>
      file.slice(14, -3).replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase()) + file.slice(0, 13);
    expect(MIGRATIONS.map((migration) => migration.name)).toEqual(files.toSorted().map(named));
  });

  it('are applied once when five processes start at the same time', async () => {
    const url = await postgres.createDatabase({ migrated: false });
    const servers = await Promise.all(Array.from({ length: 5 }, () => startServer({ env: { DATABASE_URL: url } })));
    try {
      const statuses = await Promise.all(servers.map(async (server) => (await fetch(`${server.url}/health/ready`)).status));
      expect(statuses).toEqual([200, 200, 200, 200, 200]);
      expect(await query(url, 'SELECT name FROM schema_migrations ORDER BY id')).toEqual(MIGRATIONS.map(({ name }) => ({ name })));
      expect(servers.filter((server) => server.adminKey !== '')).toHaveLength(1);
    } finally {
      await Promise.all(servers.map((server) => server.dispose()));
    }
  });

  it('go down to an empty schema and up again', async () => {
    const url = await postgres.createDatabase({ migrated: false });
    const before = await migrate({ connectionString: url }, 'auto');
    expect(before.applied).toEqual(MIGRATIONS.map(({ name }) => name));
    const { DataSource } = await import('typeorm');
    const dataSource = new DataSource({
      type: 'postgres',
      url,
      installExtensions: false,
      migrations: [...MIGRATIONS],
      migrationsTableName: 'schema_migrations',
    });
    await dataSource.initialize();
    for (const _ of MIGRATIONS) await dataSource.undoLastMigration();
    await dataSource.destroy();
    const left =
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'S') AND relname NOT LIKE 'schema_migrations%'";
    expect(await query(url, left)).toEqual([]);
    expect((await migrate({ connectionString: url }, 'auto')).applied).toHaveLength(MIGRATIONS.length);
  });

  it('make partitions of a journal that is there already, and lose none of it', async () => {
    const url = await postgres.createDatabase({ migrated: false });
    await migrate({ connectionString: url }, 'auto');
    const { DataSource } = await import('typeorm');
    const dataSource = new DataSource({
      type: 'postgres',
      url,
      installExtensions: false,
      migrations: [...MIGRATIONS],
      migrationsTableName: 'schema_migrations',
    });
    await dataSource.initialize();
    for (const { name } of MIGRATIONS.toReversed()) {
      await dataSource.undoLastMigration();
      if (name.startsWith('PartitionJournal')) break;
    }
    const insert = (run: string) => `('${run}', 1, 1, 't', 7, 'run.created', 0, now(), '{"inputs": {}}', '\\x0102')`;
    const [old, present, noTime] = ['01900000-0000-7000-8000-000000000001', uuidv7(), 'ffffffff-0000-4000-8000-000000000001'];
    await query(
      url,
      `INSERT INTO run_events (run_id, seq, span, tenant_id, xid, type, attempt, at, data, hash) VALUES ${[old, present, noTime].map(insert).join(', ')}`,
    );
    await dataSource.runMigrations();
    const rows = await query(
      url,
      'SELECT run_id, xid, data::text AS data, hash, tableoid::regclass::text AS home FROM run_events ORDER BY run_id',
    );
    const row = { xid: '7', data: '{"inputs": {}}', hash: Buffer.from([1, 2]) };
    expect(rows).toEqual([
      { run_id: old, ...row, home: 'run_events_first' },
      { run_id: present, ...row, home: 'run_events_first' },
      { run_id: noTime, ...row, home: 'run_events_default' },
    ]);
    for (const { name } of MIGRATIONS.toReversed()) {
      await dataSource.undoLastMigration();
      if (name.startsWith('PartitionJournal')) break;
    }
    expect(await query(url, 'SELECT run_id FROM run_events ORDER BY run_id')).toEqual([old, present, noTime].map((run_id) => ({ run_id })));
    await dataSource.destroy();
  });

  it('are refused by name when HEDDLE_MIGRATE=check finds them missing', async () => {
    const url = await postgres.createDatabase({ migrated: false });
    const server = await startServer({ env: { DATABASE_URL: url, HEDDLE_MIGRATE: 'check' }, wait: false });
    expect(await server.ended()).toBe(1);
    expect(server.stderr).toContain(MIGRATIONS[0].name);
    expect(server.stderr).toContain('HEDDLE_MIGRATE=auto');
    expect(server.stderr).not.toContain('    at ');
    await server.dispose();
  });

  it('that are unknown keep the process out of a newer database', async () => {
    const url = await postgres.createDatabase();
    await query(url, "INSERT INTO schema_migrations (timestamp, name) VALUES (9999999999999, 'FromTheFuture9999999999999')");
    const server = await startServer({ env: { DATABASE_URL: url }, wait: false });
    expect(await server.ended()).toBe(1);
    expect(server.stderr).toContain('FromTheFuture9999999999999');
    expect(server.stderr).toContain('newer version');
    await server.dispose();
  });
});
