import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { runStoreLimitsContract } from '../../../engine/testing/run-store-limits.contract.js';
import { runStoreContract, type StoreUnderTest } from '../../../engine/testing/run-store.contract.js';
import { realPostgres, type RealPostgres } from '../../../../test/support/real-postgres.js';
import { PostgresRunStore } from './postgres-run-store.js';

let server: RealPostgres;
/** One for each suite: leases that one lets expire would come up in the other. */
const pools: pg.Pool[] = [];

beforeAll(async () => {
  server = await realPostgres();
  for (let i = 0; i < 2; i++) pools.push(new pg.Pool({ connectionString: await server.createDatabase(), max: 8 }));
});

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await server?.stop();
});

async function create(suite: number): Promise<StoreUnderTest> {
  const pool = pools[suite] as pg.Pool;
  return { store: new PostgresRunStore(pool), versionId: randomUUID(), passTime: (ms) => passTime(pool, ms) };
}

/** What waits has waited that much longer, and what will be comes that much sooner. */
async function passTime(pool: pg.Pool, ms: number): Promise<void> {
  const back = `- ${ms} * interval '1 ms'`;
  await pool.query(`UPDATE live_runs SET ready_at = ready_at ${back}, wake_at = wake_at ${back};
    UPDATE workflow_rates SET tat = tat ${back}, next_at = next_at ${back}`);
}

runStoreContract('postgres', () => create(0));
runStoreLimitsContract('postgres', () => create(1));
