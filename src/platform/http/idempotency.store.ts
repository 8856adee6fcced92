import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

/** A request's place among the idempotency keys: keys of different tenants and routes never meet. */
export interface IdempotencySlot {
  readonly tenant: string;
  readonly scope: string;
  readonly key: string;
}

export interface StoredReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Taken =
  /** This request runs the handler, for this resource. */
  | { readonly kind: 'taken'; readonly resourceId: string }
  | { readonly kind: 'replay'; readonly reply: StoredReply; readonly resourceId: string }
  | { readonly kind: 'reused' }
  | { readonly kind: 'in_flight'; readonly retryAfterSeconds: number };

interface Row {
  readonly resource_id: string;
  readonly same_request: boolean;
  readonly locked_seconds: number;
  readonly response_status: number | null;
  readonly response_headers: Record<string, string> | null;
  readonly response_body: string | null;
}

/** A handler that has not answered for this long without renewing is taken for dead. */
export const LOCK_SECONDS = 30;
const KEEP_HOURS = 24;
const CLEANUP_BATCH = 5_000;

/** The table behind `Idempotency-Key`. */
@Injectable()
export class IdempotencyStore {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /**
   * Takes the slot or tells why not. The insert decides alone who runs, by the primary key; it also takes over an expired slot
   * (as a new one) and a slot whose holder died or gave up (for the resource reserved then, and only for the same request).
   */
  async take(slot: IdempotencySlot, requestHash: Buffer, resourceId: string): Promise<Taken> {
    for (;;) {
      const taken = await this.insert(slot, requestHash, resourceId);
      if (taken !== undefined) return { kind: 'taken', resourceId: taken };
      const held = await this.find(slot, requestHash);
      // Gone between the two statements: expired and cleaned up, so the next insert succeeds.
      if (held !== undefined) return judge(held);
    }
  }

  private async insert(slot: IdempotencySlot, requestHash: Buffer, resourceId: string): Promise<string | undefined> {
    const rows: { resource_id: string }[] = await this.database.query(
      `INSERT INTO idempotency_keys AS held (tenant_id, scope, key, request_hash, resource_id, locked_until, expires_at)
       VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6), now() + make_interval(hours => $7))
       ON CONFLICT (tenant_id, scope, key) DO UPDATE SET
         request_hash = excluded.request_hash,
         resource_id = CASE WHEN held.expires_at <= now() THEN excluded.resource_id ELSE held.resource_id END,
         created_at = CASE WHEN held.expires_at <= now() THEN now() ELSE held.created_at END,
         expires_at = CASE WHEN held.expires_at <= now() THEN excluded.expires_at ELSE held.expires_at END,
         locked_until = excluded.locked_until,
         response_status = NULL, response_headers = NULL, response_body = NULL
       WHERE held.expires_at <= now()
          OR (held.response_status IS NULL AND held.locked_until <= now() AND held.request_hash = excluded.request_hash)
       RETURNING resource_id`,
      [slot.tenant, slot.scope, slot.key, requestHash, resourceId, LOCK_SECONDS, KEEP_HOURS],
    );
    return rows[0]?.resource_id;
  }

  private async find(slot: IdempotencySlot, requestHash: Buffer): Promise<Row | undefined> {
    const rows: Row[] = await this.database.query(
      `SELECT resource_id, request_hash = $4 AS same_request, response_status, response_headers, response_body,
              greatest(extract(epoch FROM locked_until - now()), 0)::float8 AS locked_seconds
       FROM idempotency_keys WHERE tenant_id = $1 AND scope = $2 AND key = $3`,
      [slot.tenant, slot.scope, slot.key, requestHash],
    );
    return rows[0];
  }

  /** Keeps the slot of a handler that takes longer than the lock. */
  async renew(slot: IdempotencySlot, resourceId: string): Promise<void> {
    await this.database.query(
      `UPDATE idempotency_keys SET locked_until = now() + make_interval(secs => $5)
       WHERE tenant_id = $1 AND scope = $2 AND key = $3 AND resource_id = $4 AND response_status IS NULL`,
      [slot.tenant, slot.scope, slot.key, resourceId, LOCK_SECONDS],
    );
  }

  async storeReply(slot: IdempotencySlot, resourceId: string, reply: StoredReply): Promise<void> {
    await this.database.query(
      `UPDATE idempotency_keys SET response_status = $5, response_headers = $6, response_body = $7
       WHERE tenant_id = $1 AND scope = $2 AND key = $3 AND resource_id = $4`,
      [slot.tenant, slot.scope, slot.key, resourceId, reply.status, JSON.stringify(reply.headers), reply.body],
    );
  }

  /** Lets the next same request run at once, for the same resource: this one ended without a reply worth repeating. */
  async release(slot: IdempotencySlot, resourceId: string): Promise<void> {
    await this.database.query(
      `UPDATE idempotency_keys SET locked_until = now()
       WHERE tenant_id = $1 AND scope = $2 AND key = $3 AND resource_id = $4 AND response_status IS NULL`,
      [slot.tenant, slot.scope, slot.key, resourceId],
    );
  }

  /** Deletes expired slots in small batches, by the index on their expiry. */
  async deleteExpired(): Promise<void> {
    for (;;) {
      const rows: { deleted: number }[] = await this.database.query(
        `WITH gone AS (
           DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM idempotency_keys WHERE expires_at <= now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))
           RETURNING 1)
         SELECT count(*)::int AS deleted FROM gone`,
        [CLEANUP_BATCH],
      );
      if ((rows[0]?.deleted ?? 0) < CLEANUP_BATCH) return;
    }
  }
}

function judge(row: Row): Taken {
  if (!row.same_request) return { kind: 'reused' };
  if (row.response_status === null)
    return { kind: 'in_flight', retryAfterSeconds: Math.max(1, Math.min(5, Math.ceil(row.locked_seconds))) };
  const reply = { status: row.response_status, headers: row.response_headers ?? {}, body: row.response_body ?? '' };
  return { kind: 'replay', reply, resourceId: row.resource_id };
}
