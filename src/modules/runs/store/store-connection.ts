import type { Pool, PoolClient, QueryResultRow } from 'pg';
import { StoreUnavailableError } from '../../../engine/index.js';
import { isRefused, isUnavailable, SQLSTATE, sqlstateOf } from '../../../platform/database/index.js';

/** The store's answer when it gave up a statement without an effect: the same statement may be tried again at once. */
const RETRY_AT_ONCE: ReadonlySet<string> = new Set([SQLSTATE.serializationFailure, SQLSTATE.deadlockDetected]);
const MAX_IMMEDIATE_RETRIES = 5;

/** How the run store asks Postgres. Every method throws `StoreUnavailableError` for what passes, and else what Postgres says. */
export class StoreConnection {
  constructor(private readonly pool: Pool) {}

  async rows<Row extends QueryResultRow>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    return (await this.retried(() => this.pool.query<Row>({ name: `run_store_${name}`, text, values }))).rows;
  }

  async count(name: string, text: string, values: unknown[] = []): Promise<number> {
    return (await this.retried(() => this.pool.query({ name: `run_store_${name}`, text, values }))).rowCount ?? 0;
  }

  async transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    return await this.retried(async () => {
      const client = await this.pool.connect();
      let broken: Error | undefined;
      try {
        await client.query('BEGIN');
        const result = await work(client);
        await client.query('COMMIT');
        return result;
      } catch (error) {
        broken = isUnavailable(error) ? asError(error) : undefined;
        if (broken === undefined) await client.query('ROLLBACK').catch((fault: unknown) => (broken = asError(fault)));
        throw error;
      } finally {
        client.release(broken);
      }
    });
  }

  private async retried<T>(attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        const state = sqlstateOf(error);
        if (state !== undefined && RETRY_AT_ONCE.has(state) && tries < MAX_IMMEDIATE_RETRIES) continue;
        // Only what the data is to blame for is final. A full disk, a read-only standby, a lost connection pass.
        if (state !== undefined && isRefused(error)) throw error;
        if (state === undefined && !isUnavailable(error)) throw error;
        throw new StoreUnavailableError('the run store cannot be reached', { cause: error });
      }
    }
  }
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
