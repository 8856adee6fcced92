import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { beforeTransaction, type FeedPosition } from '../runs/index.js';

export interface CursorKey {
  readonly consumer: string;
  readonly tenant: string;
}

interface CursorRow {
  readonly tenant_id: string;
  readonly xid: string;
  readonly run_id: string;
  readonly seq: number;
}

/**
 * Where durable readers of the feed stand. The lease keeps nodes from doing each other's work; it is not what makes a reading
 * count once. That is `move`: it names the place it comes from, and what a reading came to commits with it or not at all.
 */
@Injectable()
export class FeedCursors {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Leases the cursors of these tenants that nobody else holds, and says where they stand. A new cursor begins before `fromXid`. */
  async lease(
    consumer: string,
    tenants: readonly { readonly tenant: string; readonly fromXid: number }[],
    owner: string,
    leaseMs: number,
  ): Promise<Map<string, FeedPosition>> {
    const start = beforeTransaction(0);
    const rows = await this.dataSource.query<CursorRow[]>(
      `INSERT INTO feed_cursors AS c (consumer, tenant_id, xid, run_id, seq, owner, lease_until)
       SELECT $1, t.tenant, t.xid, $4::uuid, 0, $5, now() + $6::int * interval '1 ms' FROM unnest($2::text[], $3::bigint[]) AS t (tenant, xid)
       ON CONFLICT (consumer, tenant_id) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
         WHERE c.owner = excluded.owner OR c.lease_until IS NULL OR c.lease_until < now()
       RETURNING c.tenant_id, c.xid, c.run_id, c.seq`,
      [consumer, tenants.map(({ tenant }) => tenant), tenants.map(({ fromXid }) => fromXid), start.runId, owner, leaseMs],
    );
    return new Map(rows.map((row) => [row.tenant_id, { xid: Number(row.xid), runId: row.run_id, seq: row.seq }]));
  }

  /** Where a consumer's cursors stand, by tenant. */
  async transactions(consumer: string): Promise<Map<string, number>> {
    const rows = await this.dataSource.query<CursorRow[]>('SELECT tenant_id, xid, run_id, seq FROM feed_cursors WHERE consumer = $1', [
      consumer,
    ]);
    return new Map(rows.map((row) => [row.tenant_id, Number(row.xid)]));
  }

  /** Moves a cursor within the caller's transaction; false when it is not where the caller read from. */
  async move(manager: EntityManager, { consumer, tenant }: CursorKey, from: FeedPosition, to: FeedPosition): Promise<boolean> {
    const moved = await manager.query<{ tenant_id: string }[]>(
      `WITH moved AS (
         UPDATE feed_cursors SET xid = $6, run_id = $7, seq = $8
         WHERE consumer = $1 AND tenant_id = $2 AND xid = $3 AND run_id = $4 AND seq = $5 RETURNING tenant_id
       ) SELECT tenant_id FROM moved`,
      [consumer, tenant, from.xid, from.runId, from.seq, to.xid, to.runId, to.seq],
    );
    return moved.length === 1;
  }

  /** Lets other nodes go on at once. */
  async release(owner: string): Promise<void> {
    await this.dataSource.query('UPDATE feed_cursors SET owner = NULL, lease_until = NULL WHERE owner = $1', [owner]);
  }
}
