import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { type Json, StepError } from '../../../../engine/index.js';

const MAX_VALUE_BYTES = 1024 * 1024;
const MAX_ENTRIES = 100_000;
/** Expired entries, anybody's, that a writer takes away with it. */
const SWEPT_TOGETHER = 50;

/** Values that a tenant's tools keep for a while, the same on every node. What has expired is not there, whether it is swept yet or not. */
@Injectable()
export class CacheEntries {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async get(tenant: string, key: string): Promise<{ readonly value: Json } | null> {
    const [row] = await this.dataSource.query<{ value: Json }[]>(
      'SELECT value FROM tool_cache WHERE tenant_id = $1 AND key = $2 AND expires_at > now()',
      [tenant, key],
    );
    return row ?? null;
  }

  /** Throws `StepError('too_large')` for a value over 1 MiB, `quota_exceeded` when the tenant has too many. */
  async set(tenant: string, key: string, value: Json, ttlSeconds: number): Promise<void> {
    const text = JSON.stringify(value);
    if (Buffer.byteLength(text) > MAX_VALUE_BYTES) {
      throw new StepError('too_large', `the value is larger than ${MAX_VALUE_BYTES} bytes`, { retryable: false });
    }
    await this.sweep();
    const rows = await this.dataSource.query<unknown[]>(
      `INSERT INTO tool_cache (tenant_id, key, value, expires_at)
       SELECT $1, $2, $3::json, now() + make_interval(secs => $4)
       WHERE EXISTS (SELECT 1 FROM tool_cache WHERE tenant_id = $1 AND key = $2)
          OR (SELECT count(*) FROM (SELECT 1 FROM tool_cache WHERE tenant_id = $1 LIMIT ${MAX_ENTRIES}) AS held) < ${MAX_ENTRIES}
       ON CONFLICT (tenant_id, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
       RETURNING 1`,
      [tenant, key, text, ttlSeconds],
    );
    if (rows.length === 0)
      throw new StepError('quota_exceeded', `no more than ${MAX_ENTRIES} values are kept for a tenant`, { retryable: false });
  }

  /** False when there was none. */
  async delete(tenant: string, key: string): Promise<boolean> {
    const [rows] = await this.dataSource.query<[{ alive: boolean }[], number]>(
      'DELETE FROM tool_cache WHERE tenant_id = $1 AND key = $2 RETURNING expires_at > now() AS alive',
      [tenant, key],
    );
    return rows[0]?.alive === true;
  }

  private async sweep(): Promise<void> {
    await this.dataSource.query(
      `DELETE FROM tool_cache WHERE ctid IN (
         SELECT ctid FROM tool_cache WHERE expires_at <= now() ORDER BY expires_at LIMIT ${SWEPT_TOGETHER} FOR UPDATE SKIP LOCKED)`,
    );
  }
}
