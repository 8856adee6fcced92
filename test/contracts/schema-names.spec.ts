import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';

let app: TestApp;
let database: DataSource;

beforeAll(async () => {
  app = await startApp();
  database = app.app.get(DataSource);
});
afterAll(() => app.close());

interface Column {
  table_name: string;
  column_name: string;
  data_type: string;
}

/** TypeORM's own list of migrations follows its own rules. */
const OURS = `table_schema = 'public' AND table_name <> 'schema_migrations'`;
const SNAKE = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

describe('the schema', () => {
  it('names tables and columns in snake_case', async () => {
    const columns = await database.query<Column[]>(
      `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE ${OURS}`,
    );
    expect(columns.length).toBeGreaterThan(50);
    expect(columns.filter(({ table_name, column_name }) => !SNAKE.test(table_name) || !SNAKE.test(column_name))).toEqual([]);
  });

  it('keeps times with their zone', async () => {
    const columns = await database.query<Column[]>(
      `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE ${OURS} AND (data_type LIKE 'timestamp%' OR column_name ~ '_(at|until)$')`,
    );
    expect(columns.filter(({ data_type }) => data_type !== 'timestamp with time zone')).toEqual([]);
  });

  it('gives every row a tenant', async () => {
    const tables = await database.query<{ table_name: string }[]>(
      `SELECT table_name FROM information_schema.tables t WHERE ${OURS} AND table_type = 'BASE TABLE' AND NOT EXISTS (
         SELECT FROM information_schema.columns c WHERE c.table_schema = t.table_schema AND c.table_name = t.table_name
           AND c.column_name = 'tenant_id' AND c.is_nullable = 'NO')`,
    );
    expect(tables).toEqual([]);
  });

  it('names constraints and indexes after their table and what they are', async () => {
    const constraints = await database.query<{ table: string; name: string; kind: string }[]>(
      `SELECT t.relname AS table, c.conname AS name, c.contype AS kind FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
       WHERE c.connamespace = 'public'::regnamespace AND t.relname <> 'schema_migrations' AND c.contype IN ('p', 'u', 'f', 'c')`,
    );
    const ending: Record<string, RegExp> = { p: /_pkey$/, u: /_key$/, f: /_fkey$/, c: /_check$/ };
    expect(constraints.filter(({ table, name, kind }) => !name.startsWith(`${table}_`) || ending[kind]?.test(name) !== true)).toEqual([]);
    const indexes = await database.query<{ table: string; name: string }[]>(
      `SELECT tablename AS table, indexname AS name FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'schema_migrations'`,
    );
    expect(indexes.filter(({ table, name }) => !name.startsWith(`${table}_`) || !/_(pkey|key|idx)$/.test(name))).toEqual([]);
  });
});
