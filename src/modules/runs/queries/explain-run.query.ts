import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { JsonObject, RunStatus } from '../../../engine/index.js';
import { HOLDS_SLOT, place } from '../store/run-store.sql.js';
import { IS_RUN_RETRY_SQL, OPEN_PATHS_SQL, type OpeningType } from './step-rows.js';

/** A live run's standing, as the lease table has it. Times are the database's, as is `now`. */
export interface LiveStanding {
  readonly now: Date;
  readonly state: 'queued' | 'spaced' | 'paused' | 'ready' | 'leased' | 'waiting';
  readonly priority: number;
  readonly ready_at: Date;
  readonly wake_at: Date | null;
  readonly owner: string | null;
  readonly lease_until: Date | null;
  readonly started_at: Date | null;
  readonly cancel_requested_at: Date | null;
  readonly cancel_reason: string | null;
  readonly concurrency_key: string | null;
  readonly concurrency_limit: number | null;
  /** Of the workflow; all null when it is not paused. */
  readonly paused_at: Date | null;
  readonly paused_by: string | null;
  readonly pause_reason: string | null;
}

/** A run's place among those that wait for their turn by the workflow's rate. */
export interface LineStanding {
  readonly ahead: number;
  /** When the workflow's next run may start, whichever it is. */
  readonly next_at: Date;
  /** When this one may start, if none comes in between. */
  readonly run_at: Date;
}

/** A step that is not settled: its last row. */
export interface OpenStepStanding {
  readonly step: string;
  readonly type: OpeningType;
  readonly attempt: number;
  readonly at: Date;
  readonly data: JsonObject;
}

export interface ConcurrencyHolder {
  readonly run_id: string;
  readonly status: RunStatus;
}

export interface WorkerStanding {
  readonly owner: string;
  readonly runs: number;
  readonly lease_until: Date;
}

/** That the run `o` comes before `l` in a line. */
const BEFORE = `(${place('o.')}, o.run_id) < (${place('l.')}, l.run_id)`;
const MAX_STEPS = 100;
const MAX_HOLDERS = 50;
const MAX_WORKERS = 50;

/** What is known about why a live run stands where it stands. */
@Injectable()
export class ExplainRunQuery {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async standing(tenant: string, runId: string): Promise<LiveStanding | null> {
    const [row] = await this.dataSource.query<LiveStanding[]>(
      `SELECT now() AS now, l.state, l.priority, l.ready_at, l.wake_at, l.owner, l.lease_until, l.started_at, l.cancel_requested_at,
              l.cancel_reason, l.concurrency_key, l.concurrency_limit, p.paused_at, p.paused_by, p.reason AS pause_reason
       FROM live_runs l LEFT JOIN workflow_pauses p ON p.workflow_id = l.workflow_id AND p.resumed_at IS NULL
       WHERE l.run_id = $1 AND l.tenant_id = $2`,
      [runId, tenant],
    );
    return row ?? null;
  }

  openSteps(tenant: string, runId: string): Promise<OpenStepStanding[]> {
    return this.dataSource.query<OpenStepStanding[]>(
      `SELECT e.step, e.type, e.attempt, e.at, e.data
       FROM (${OPEN_PATHS_SQL} ORDER BY max(o.seq) LIMIT ${MAX_STEPS}) AS p
       JOIN run_events e ON e.run_id = $1 AND e.seq = p.last ORDER BY e.seq`,
      [runId, tenant],
    );
  }

  /** When the run waits to begin anew; looked for among its last rows, since only a few come after it. */
  async runRetry(tenant: string, runId: string): Promise<{ at: Date; until: number; attempt: number } | null> {
    const [row] = await this.dataSource.query<{ type: string; at: Date; data: { until: number; attempt: number } }[]>(
      `SELECT type, at, data
       FROM (SELECT seq, at, type, data FROM run_events WHERE run_id = $1 AND tenant_id = $2 ORDER BY seq DESC LIMIT 20) AS last
       WHERE type IN ('run.waiting', 'run.resumed') AND ${IS_RUN_RETRY_SQL} ORDER BY seq DESC LIMIT 1`,
      [runId, tenant],
    );
    return row?.type === 'run.waiting' ? { at: row.at, until: row.data.until, attempt: row.data.attempt } : null;
  }

  /** Who holds the key, and how many of those in line come before the run. */
  async key(tenant: string, key: string, runId: string): Promise<{ holders: ConcurrencyHolder[]; ahead: number }> {
    const [holders, [row]] = await Promise.all([
      this.dataSource.query<ConcurrencyHolder[]>(
        `SELECT h.run_id, o.status FROM (
           SELECT run_id FROM live_runs WHERE tenant_id = $1 AND concurrency_key = $2 AND ${HOLDS_SLOT} ORDER BY run_id LIMIT ${MAX_HOLDERS}
         ) h JOIN run_overview o ON o.id = h.run_id ORDER BY h.run_id`,
        [tenant, key],
      ),
      this.dataSource.query<{ ahead: number }[]>(
        `SELECT count(*)::int AS ahead FROM live_runs l JOIN live_runs o ON o.tenant_id = l.tenant_id AND o.concurrency_key = l.concurrency_key
         WHERE l.run_id = $1 AND o.state = 'queued' AND ${BEFORE}`,
        [runId],
      ),
    ]);
    return { holders, ahead: row?.ahead ?? 0 };
  }

  /** Null when the run is not in its workflow's line. */
  async line(runId: string): Promise<LineStanding | null> {
    const [row] = await this.dataSource.query<LineStanding[]>(
      `SELECT w.ahead, greatest(now(), r.next_at) AS next_at,
              greatest(now(), r.tat + (w.until - (l.rate_burst - 1) * l.rate_every_ms) * interval '1 ms',
                now() + (w.until - (l.rate_burst - 1) * l.rate_every_ms) * interval '1 ms') AS run_at
       FROM live_runs l JOIN workflow_rates r ON r.workflow_id = l.workflow_id CROSS JOIN LATERAL (
         SELECT count(*)::int AS ahead, coalesce(sum(o.rate_every_ms), 0) AS until FROM live_runs o
         WHERE o.state = 'spaced' AND o.workflow_id = l.workflow_id AND ${BEFORE}
       ) w WHERE l.run_id = $1 AND l.state = 'spaced'`,
      [runId],
    );
    return row ?? null;
  }

  /** Who holds leases now, of whichever tenant, and how many claimable runs come before this one. */
  async queue(runId: string): Promise<{ workers: WorkerStanding[]; ahead: number }> {
    const [workers, [row]] = await Promise.all([
      this.dataSource.query<WorkerStanding[]>(
        `SELECT owner, count(*)::int AS runs, max(lease_until) AS lease_until FROM live_runs
         WHERE state = 'leased' AND lease_until > now() GROUP BY owner ORDER BY owner LIMIT ${MAX_WORKERS}`,
      ),
      this.dataSource.query<{ ahead: number }[]>(
        `SELECT count(*)::int AS ahead FROM live_runs l, live_runs o LEFT JOIN workflow_pauses p ON p.workflow_id = o.workflow_id AND p.resumed_at IS NULL
         WHERE l.run_id = $1 AND o.state = 'ready' AND ${BEFORE}
           AND (p.workflow_id IS NULL OR o.started_at IS NOT NULL OR o.cancel_requested_at IS NOT NULL)`,
        [runId],
      ),
    ]);
    return { workers, ahead: row?.ahead ?? 0 };
  }

  async statuses(tenant: string, runIds: readonly string[]): Promise<Map<string, RunStatus>> {
    if (runIds.length === 0) return new Map();
    const rows = await this.dataSource.query<{ id: string; status: RunStatus }[]>(
      'SELECT id, status FROM run_overview WHERE tenant_id = $1 AND id = ANY($2::uuid[])',
      [tenant, runIds],
    );
    return new Map(rows.map(({ id, status }) => [id, status]));
  }
}
