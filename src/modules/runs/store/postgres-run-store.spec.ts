import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { runStoreContract } from '../../../engine/testing/run-store.contract.js';
import { realPostgres, type RealPostgres } from '../../../../test/support/real-postgres.js';
import { PostgresRunStore } from './postgres-run-store.js';

let server: RealPostgres;
let pool: pg.Pool;

beforeAll(async () => {
  server = await realPostgres();
  pool = new pg.Pool({ connectionString: await server.createDatabase(), max: 8 });
});

afterAll(async () => {
  await pool?.end();
  await server?.stop();
});

runStoreContract('postgres', async () => ({ store: new PostgresRunStore(pool), versionId: randomUUID() }));
