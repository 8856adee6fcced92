import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { firstIdOf, type JournalPartition, type RemovableRun, REMOVABLE_SQL } from '../runs/index.js';

/** A run whose time is over. */
export interface ExpiredRun extends RemovableRun {
  /** About as many as its journal has rows. */
  readonly events: number;
}

interface ExpiredRow {
  readonly id: string;
  readonly tenant: string;
  readonly last_xid: string;
  readonly events: number;
}

/** The first id of a moment, as `firstIdOf` has it. */
const FIRST_ID = (moment: string): string =>
  `(lpad(to_hex(greatest(0, (extract(epoch FROM ${moment}) * 1000)::bigint)), 12, '0') || repeat('0', 20))::uuid`;

/** Until when runs of a workflow (null: of none) with a status are over for good; those that are kept for ever are missing. $1 to $3 are the server's days. */
const POLICY = `policy AS MATERIALIZED (
  SELECT workflow_id, status, now() - days * interval '1 day' AS cutoff FROM (
    SELECT w.id AS workflow_id, s.status, s.days FROM workflows w LEFT JOIN workflow_retentions x ON x.workflow_id = w.id
    CROSS JOIN LATERAL (VALUES
      ('success', coalesce(x.success_days, $1::float8)),
      ('failed', coalesce(x.failed_days, $2::float8)),
      ('cancelled', coalesce(x.cancelled_days, $3::float8))) AS s (status, days)
    UNION ALL
    SELECT NULL, status, days FROM (VALUES ('success', $1::float8), ('failed', $2::float8), ('cancelled', $3::float8)) AS s (status, days)
  ) AS wanted WHERE days < 'infinity')`;

/** A repeated request with this key creates the run again. */
const MAY_BE_REPEATED = `EXISTS (
  SELECT FROM idempotency_keys k WHERE k.tenant_id = r.tenant_id AND k.resource_id = r.id AND k.response_status IS NULL AND k.expires_at > now())`;

const expiredOf = (workflow: string, limit: string): string => `
  SELECT r.id, r.tenant_id FROM runs r
  WHERE ${workflow} AND r.status = p.status AND r.id > $4 AND r.id < ${FIRST_ID('p.cutoff')} AND r.finished_at < p.cutoff
    AND ${REMOVABLE_SQL} AND (r.created_at < now() - interval '25 hours' OR NOT ${MAY_BE_REPEATED})
  ORDER BY r.id LIMIT ${limit}`;

/** Which runs have outlived their time. Time is the database's. */
@Injectable()
export class RetentionStore {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: HeddleConfig,
  ) {}

  /** Runs with an id greater than `after` that may be deleted, in the order of their ids. */
  async expired(after: string, limit: number): Promise<ExpiredRun[]> {
    const rows = await this.dataSource.query<ExpiredRow[]>(
      `WITH ${POLICY}, page AS MATERIALIZED (
         SELECT * FROM (
           SELECT e.* FROM policy p CROSS JOIN LATERAL (${expiredOf('r.workflow_id = p.workflow_id', '$5')}) AS e WHERE p.workflow_id IS NOT NULL
           UNION ALL
           SELECT e.* FROM policy p CROSS JOIN LATERAL (${expiredOf('r.workflow_id IS NULL', '$5')}) AS e WHERE p.workflow_id IS NULL
         ) AS all_of_them ORDER BY id LIMIT $5)
       SELECT page.id, page.tenant_id AS tenant, coalesce(last.xid, 0)::text AS last_xid, coalesce(last.seq, 0) AS events
       FROM page LEFT JOIN LATERAL (SELECT xid, seq FROM run_events WHERE run_id = page.id ORDER BY seq DESC LIMIT 1) AS last ON true
       ORDER BY page.id`,
      [...this.defaults(), after, limit],
    );
    return rows.map(({ last_xid, ...run }) => ({ ...run, lastXid: Number(last_xid) }));
  }

  /** Whether all runs of a partition can go, so that it can. What keeps a run for a moment only does not count. */
  async isExpired(partition: JournalPartition): Promise<boolean> {
    const [row] = await this.dataSource.query<{ kept: boolean }[]>(
      `WITH ${POLICY} SELECT EXISTS (
         SELECT FROM runs r LEFT JOIN policy p ON p.status = r.status AND coalesce(p.workflow_id, r.id) = coalesce(r.workflow_id, r.id)
         WHERE r.id >= $4 AND r.id < $5
           AND (p.cutoff IS NULL OR r.finished_at >= p.cutoff OR EXISTS (SELECT FROM live_runs l WHERE l.run_id = r.parent_run_id)
             OR EXISTS (SELECT FROM runs n WHERE n.resumed_from = r.id AND n.id >= $5))) AS kept`,
      [...this.defaults(), firstIdOf(partition.from), firstIdOf(partition.to)],
    );
    return row?.kept === false;
  }

  /** The shortest time that any run is kept, in days; null when all are kept for ever. */
  async shortestDays(): Promise<number | null> {
    const [row] = await this.dataSource.query<{ days: number | null }[]>(
      `SELECT min(least(success_days, failed_days, cancelled_days)) AS days FROM workflow_retentions`,
    );
    const days = [row?.days, ...this.defaults()].filter((each): each is number => typeof each === 'number' && Number.isFinite(each));
    return days.length === 0 ? null : Math.min(...days);
  }

  private defaults(): (number | null)[] {
    const { success, failed, cancelled } = this.config.retentionDays;
    return [success, failed, cancelled].map((days) => days ?? null);
  }
}
