import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { RunEvent } from '../../../engine/index.js';
import { EVENT_COLUMNS, eventsOfRow, withinBytes, type EventRow } from './event-row.js';
import { beforeTransaction, reaches, type FeedPosition } from './feed-position.js';

/** What a feed event's run is, for filtering. */
export interface FeedSubject {
  readonly kind: 'workflow' | 'agent';
  readonly workflowId: string | null;
  readonly name: string;
}

export interface FeedItem {
  readonly position: FeedPosition;
  readonly subject: FeedSubject;
  readonly event: RunEvent;
}

export interface FeedPage {
  readonly tenant: string;
  readonly items: readonly FeedItem[];
  /** Everything up to here has been read. */
  readonly position: FeedPosition;
  /** Whether there is more below the horizon. */
  readonly more: boolean;
}

export interface FeedRead {
  readonly pages: readonly FeedPage[];
  /** Whether transactions were in flight: rows may be committed already that the next read shows. */
  readonly unsettled: boolean;
}

interface Horizon {
  readonly horizon: string;
  readonly newest: string;
}

interface FeedRow extends EventRow, Horizon {
  readonly tenant: string;
  /** Null in the one row that stands for an empty page. */
  readonly xid: string | null;
  /** Null when the run is being deleted: its rows are passed over. */
  readonly kind: 'workflow' | 'agent' | null;
  readonly workflow_id: string | null;
  readonly subject_name: string;
  readonly scanned: number | null;
}

/**
 * Reads tenants' events in commit order.
 *
 * Invariant: only rows of transactions below the snapshot's xmin are read. Every one of those transactions is over, so
 * nothing can ever appear before a position that was read; a row that commits late has an xid at or above every xmin
 * seen while it ran. Within a run the order is the sequence, since its rows commit one after the other.
 */
@Injectable()
export class TenantFeedReader {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** The place behind everything that is settled now: a feed from here misses nothing that commits from now on. */
  async now(): Promise<FeedPosition> {
    const [row] = await this.dataSource.query<Horizon[]>('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon');
    return beforeTransaction(Number(row?.horizon ?? 0));
  }

  /** The place before the tenant's last entries that are settled now. */
  async recent(tenant: string, entries: number): Promise<FeedPosition> {
    const [row] = await this.dataSource.query<{ xid: string; run_id: string; seq: number }[]>(
      `SELECT xid, run_id, seq FROM run_events WHERE tenant_id = $1 AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
       ORDER BY xid DESC, run_id DESC, seq DESC OFFSET $2 LIMIT 1`,
      [tenant, entries],
    );
    return row === undefined ? beforeTransaction(0) : { xid: Number(row.xid), runId: row.run_id, seq: row.seq };
  }

  /** One round trip for all tenants asked for; `limit` rows each. */
  async read(from: readonly { readonly tenant: string; readonly position: FeedPosition }[], limit: number): Promise<FeedRead> {
    const rows = await this.dataSource.query<FeedRow[]>(
      `WITH now AS MATERIALIZED (
         SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon,
                pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS newest)
       SELECT wanted.tenant, now.horizon, now.newest, found.*
       FROM now
       CROSS JOIN unnest($1::text[], $2::bigint[], $3::uuid[], $4::int[]) AS wanted (tenant, xid, run_id, seq)
       LEFT JOIN LATERAL (
         SELECT e.xid, ${EVENT_COLUMNS}, e.scanned, r.kind, r.workflow_id, r.subject_name
         FROM ${withinBytes(SELECTION, 'xid, run_id, seq')} AS e LEFT JOIN runs r ON r.id = e.run_id) AS found ON true
       ORDER BY found.xid, found.run_id, found.seq`,
      [
        from.map((each) => each.tenant),
        from.map((each) => each.position.xid),
        from.map((each) => each.position.runId),
        from.map((each) => each.position.seq),
        limit,
      ],
    );
    const byTenant = Map.groupBy(rows, (row) => row.tenant);
    return {
      pages: from.map(({ tenant, position }) => feedPageOf(tenant, position, byTenant.get(tenant) ?? [], limit)),
      unsettled: rows.some((row) => row.horizon !== row.newest),
    };
  }
}

const SELECTION = `
  SELECT * FROM run_events
  WHERE tenant_id = wanted.tenant AND xid >= wanted.xid AND xid < now.horizon
    AND (xid, run_id, seq) > (wanted.xid, wanted.run_id, wanted.seq)
  ORDER BY xid, run_id, seq LIMIT $5`;

function feedPageOf(tenant: string, from: FeedPosition, rows: readonly FeedRow[], limit: number): FeedPage {
  const items: FeedItem[] = [];
  let last = from;
  let count = 0;
  for (const row of rows) {
    if (row.xid === null) continue;
    count += 1;
    const xid = Number(row.xid);
    last = { xid, runId: row.run_id, seq: row.seq };
    if (row.kind === null) continue;
    const subject: FeedSubject = { kind: row.kind, workflowId: row.workflow_id, name: row.subject_name };
    for (const event of eventsOfRow(row)) {
      const position: FeedPosition = { xid, runId: row.run_id, seq: event.seq };
      // A cursor may point between the two events of one row.
      if (!reaches(from, position)) items.push({ position, subject, event });
    }
  }
  const scanned = rows[0]?.scanned ?? 0;
  const more = scanned === limit || count < scanned;
  const horizon = beforeTransaction(Number(rows[0]?.horizon ?? 0));
  return { tenant, items, position: more || reaches(last, horizon) ? last : horizon, more };
}
