import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { decodeCursor, encodeCursor, isUuid } from '../../platform/http/cursor.js';
import { type Page, pageOf } from '../../platform/http/page.js';
import type { DeliveryPolicy } from './delivery-policy.js';

export type DeliveryStatus = 'pending' | 'delivered' | 'failed';

/** One try, as it is shown. */
export interface DeliveryAttempt {
  readonly at: string;
  /** The status the receiver answered; null when it did not answer. */
  readonly status: number | null;
  readonly duration_ms: number;
  readonly error: string | null;
}

export interface DeliveryRow {
  readonly id: string;
  readonly message_id: string;
  readonly event_type: string;
  readonly run_id: string;
  readonly status: DeliveryStatus;
  readonly attempts: readonly DeliveryAttempt[];
  readonly next_attempt_at: Date;
  readonly created_at: Date;
  readonly delivered_at: Date | null;
}

/** A message for one webhook. */
export interface NewDelivery {
  readonly id: string;
  readonly webhookId: string;
  /** Same for the same event: receivers know repeats by it. */
  readonly messageId: string;
  readonly eventType: string;
  readonly runId: string;
  readonly payload: string;
}

/** A message taken to be sent. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly webhook_id: string;
  readonly message_id: string;
  readonly payload: string;
  readonly tries: number;
  readonly url: string;
  readonly secret: string;
  readonly format: string;
}

/** What became of a webhook's messages. */
export interface DeliverySummary {
  readonly webhook_id: string;
  readonly delivered: number;
  readonly failed: number;
  readonly last_delivered_at: Date | null;
  /** Of the last try; null when it was taken. */
  readonly last_error: string | null;
}

export interface DeliveryOutcome {
  readonly attempt: DeliveryAttempt;
  /** Null: it was taken, or there is no further try. */
  readonly nextInMs: number | null;
  readonly delivered: boolean;
}

/** Tries that are shown; older ones are forgotten. */
const MAX_ATTEMPTS_SHOWN = 50;

/** The outbox. Time is the database's. */
@Injectable()
export class DeliveryStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Within the transaction that moves the reader of events beyond theirs. A webhook that is gone gets none. */
  async add(manager: EntityManager, tenant: string, deliveries: readonly NewDelivery[]): Promise<void> {
    await manager.query(
      `INSERT INTO webhook_deliveries (id, tenant_id, webhook_id, message_id, event_type, run_id, payload)
       SELECT d.id, $1, d.webhook_id, d.message_id, d.event_type, d.run_id, d.payload
       FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[])
         AS d (id, webhook_id, message_id, event_type, run_id, payload) JOIN webhooks w ON w.id = d.webhook_id
       ON CONFLICT (webhook_id, message_id) DO NOTHING`,
      [
        tenant,
        deliveries.map(({ id }) => id),
        deliveries.map(({ webhookId }) => webhookId),
        deliveries.map(({ messageId }) => messageId),
        deliveries.map(({ eventType }) => eventType),
        deliveries.map(({ runId }) => runId),
        deliveries.map(({ payload }) => payload),
      ],
    );
  }

  /**
   * Takes due messages, a few of each webhook, so that no receiver's backlog stands before another's. `underWay` counts what
   * this process sends already. They come back by themselves when the taker does not settle them in time.
   */
  async claim(
    underWay: ReadonlyMap<string, number>,
    { perWebhook, perFailingWebhook, total }: DeliveryPolicy['concurrency'],
    leaseMs: number,
  ): Promise<ClaimedDelivery[]> {
    return this.dataSource.query<ClaimedDelivery[]>(
      `WITH busy AS (
         SELECT * FROM unnest($1::uuid[], $2::int[]) AS b (webhook_id, count)
       ), due AS MATERIALIZED (
         SELECT d.id FROM webhooks w LEFT JOIN busy b ON b.webhook_id = w.id
         CROSS JOIN LATERAL (
           SELECT id FROM webhook_deliveries WHERE webhook_id = w.id AND status = 'pending' AND next_attempt_at <= now()
           ORDER BY next_attempt_at
           LIMIT greatest(0, CASE WHEN w.failing_since IS NULL THEN $3::int ELSE $4::int END - coalesce(b.count, 0))
           FOR UPDATE SKIP LOCKED
         ) AS d
         WHERE w.enabled LIMIT $5
       ), claimed AS (
         UPDATE webhook_deliveries d SET next_attempt_at = now() + $6::int * interval '1 ms', tries = d.tries + 1
         FROM due WHERE d.id = due.id RETURNING d.id, d.webhook_id, d.message_id, d.payload, d.tries
       )
       SELECT c.*, w.url, w.secret, w.format FROM claimed c JOIN webhooks w ON w.id = c.webhook_id`,
      [[...underWay.keys()], [...underWay.values()], perWebhook, perFailingWebhook, total, leaseMs],
    );
  }

  /** Milliseconds until a message is due; null when none waits. */
  async nextDueInMs(): Promise<number | null> {
    const [row] = await this.dataSource.query<{ in_ms: number | null }[]>(
      `SELECT (extract(epoch FROM min(d.next) - clock_timestamp()) * 1000)::float8 AS in_ms FROM webhooks w CROSS JOIN LATERAL (
         SELECT min(next_attempt_at) AS next FROM webhook_deliveries WHERE webhook_id = w.id AND status = 'pending'
       ) AS d WHERE w.enabled`,
    );
    return row?.in_ms ?? null;
  }

  /** Records a try and what it means for the webhook: whether it fails, and for how long already. */
  async settle(
    delivery: ClaimedDelivery,
    { attempt, nextInMs, delivered }: DeliveryOutcome,
  ): Promise<{ readonly failing_for_ms: number | null }> {
    const status: DeliveryStatus = delivered ? 'delivered' : nextInMs === null ? 'failed' : 'pending';
    const [row] = await this.dataSource.query<{ failing_for_ms: number | null }[]>(
      `WITH settled AS (
         UPDATE webhook_deliveries SET status = $3, delivered_at = CASE WHEN $3 = 'delivered' THEN now() END,
           next_attempt_at = now() + coalesce($4::int, 0) * interval '1 ms',
           attempts = to_json((SELECT array_agg(a ORDER BY n) FROM (
             SELECT a, n FROM json_array_elements(attempts) WITH ORDINALITY AS kept (a, n)
             UNION ALL SELECT $5::json, 1000000 ORDER BY n DESC LIMIT ${MAX_ATTEMPTS_SHOWN}) AS recent))
         WHERE id = $1 AND status <> 'delivered'
       ), judged AS (
         UPDATE webhooks SET failing_since = CASE WHEN $6 THEN NULL ELSE coalesce(failing_since, now()) END
         WHERE id = $2 AND ($6 = (failing_since IS NOT NULL)) RETURNING failing_since
       )
       SELECT CASE WHEN $6 THEN NULL ELSE (extract(epoch FROM now() - failing_since) * 1000)::float8 END AS failing_for_ms
       FROM webhooks WHERE id = $2`,
      [delivery.id, delivery.webhook_id, status, nextInMs, JSON.stringify(attempt), delivered],
    );
    return { failing_for_ms: row?.failing_for_ms ?? null };
  }

  /** Switches a webhook off; what it has not taken is failed and can be sent again by hand. */
  async disable(webhookId: string, reason: string): Promise<void> {
    await this.dataSource.query(
      `WITH off AS (
         UPDATE webhooks SET enabled = false, disabled_reason = $2, updated_at = now() WHERE id = $1 AND enabled RETURNING id
       )
       UPDATE webhook_deliveries d SET status = 'failed' FROM off WHERE d.webhook_id = off.id AND d.status = 'pending'`,
      [webhookId, reason],
    );
  }

  /** Begins a new round of tries; null when there is no such delivery. */
  async redeliver(webhookId: string, id: string): Promise<DeliveryRow | null> {
    const [row] = await this.dataSource.query<DeliveryRow[]>(
      `WITH again AS (
         UPDATE webhook_deliveries SET status = 'pending', tries = 0, next_attempt_at = now() WHERE id = $1 AND webhook_id = $2 RETURNING *
       ) SELECT * FROM again`,
      [id, webhookId],
    );
    return row ?? null;
  }

  /** Newest first. */
  async list<T>(
    webhookId: string,
    { status, ...page }: { readonly limit: number; readonly cursor?: string; readonly status?: DeliveryStatus | undefined },
    toDto: (row: DeliveryRow) => T,
  ): Promise<Page<T>> {
    const before = page.cursor === undefined ? null : decodeCursor(page.cursor, isUuid);
    const rows = await this.dataSource.query<DeliveryRow[]>(
      `SELECT id, message_id, event_type, run_id, status, attempts, next_attempt_at, created_at, delivered_at FROM webhook_deliveries
       WHERE webhook_id = $1 AND ($2::uuid IS NULL OR id < $2) AND ($3::text IS NULL OR status = $3) ORDER BY id DESC LIMIT ${page.limit + 1}`,
      [webhookId, before, status ?? null],
    );
    return pageOf(rows, page.limit, toDto, (row) => encodeCursor(row.id));
  }

  /** Of all webhooks of a tenant that have been sent anything that is kept. */
  summaries(tenant: string): Promise<DeliverySummary[]> {
    return this.dataSource.query<DeliverySummary[]>(
      `SELECT d.webhook_id, (count(*) FILTER (WHERE d.status = 'delivered'))::int AS delivered,
              (count(*) FILTER (WHERE d.status = 'failed'))::int AS failed, max(d.delivered_at) AS last_delivered_at,
              (array_agg(d.attempts -> -1 ->> 'error' ORDER BY d.id DESC) FILTER (WHERE d.tries > 0))[1] AS last_error
       FROM webhooks w JOIN webhook_deliveries d ON d.webhook_id = w.id WHERE w.tenant_id = $1 GROUP BY d.webhook_id`,
      [tenant],
    );
  }

  /** Forgets settled deliveries with ids below `beforeId`; answers how many. */
  async clean(beforeId: string, limit: number): Promise<number> {
    const gone = await this.dataSource.query<unknown[]>(
      `WITH old AS (
         SELECT id FROM webhook_deliveries WHERE id < $1 AND status <> 'pending' ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
       ), gone AS (
         DELETE FROM webhook_deliveries d USING old WHERE d.id = old.id RETURNING d.id
       ) SELECT id FROM gone`,
      [beforeId, limit],
    );
    return gone.length;
  }
}
