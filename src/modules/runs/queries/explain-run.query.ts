import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { JsonObject, RunStatus } from '../../../engine/index.js';
import { IS_RUN_RETRY_SQL, OPEN_PATHS_SQL, type OpeningType } from './step-rows.js';

/** A live run's standing, as the lease table has it. Times are the database's, as is `now`. */
export interface LiveStanding {
  readonly now: Date;
  readonly state: 'queued' | 'ready' | 'leased' | 'waiting';
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

const MAX_STEPS = 100;
const MAX_HOLDERS = 50;
const MAX_WORKERS = 50;

/** What is known about why a live run stands where it stands. */
@Injectable()
export class ExplainRunQuery {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async standing(tenant: string, runId: string): Promise<LiveStanding | null> {
    const [row] = await this.dataSource.query<LiveStanding[]>(
      `SELECT now() AS now, state, priority, ready_at, wake_at, owner, lease_until, started_at, cancel_requested_at, cancel_reason,
              concurrency_key, concurrency_limit
       FROM live_runs WHERE run_id = $1 AND tenant_id = $2`,
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

  holders(tenant: string, key: string): Promise<ConcurrencyHolder[]> {
    return this.dataSource.query<ConcurrencyHolder[]>(
      `SELECT l.run_id, o.status FROM live_runs l JOIN run_overview o ON o.id = l.run_id
       WHERE l.tenant_id = $1 AND l.concurrency_key = $2
         AND (l.state IN ('ready', 'leased') OR (l.state = 'waiting' AND l.started_at IS NOT NULL)) ORDER BY l.run_id LIMIT ${MAX_HOLDERS}`,
      [tenant, key],
    );
  }

  /** Who holds leases now, of whichever tenant, and how many claimable runs come before this one. */
  async queue(standing: LiveStanding): Promise<{ workers: WorkerStanding[]; ahead: number }> {
    const [workers, [row]] = await Promise.all([
      this.dataSource.query<WorkerStanding[]>(
        `SELECT owner, count(*)::int AS runs, max(lease_until) AS lease_until FROM live_runs
         WHERE state = 'leased' AND lease_until > now() GROUP BY owner ORDER BY owner LIMIT ${MAX_WORKERS}`,
      ),
      this.dataSource.query<{ ahead: number }[]>(
        `SELECT count(*)::int AS ahead FROM live_runs
         WHERE state = 'ready' AND (priority > $1 OR (priority = $1 AND ready_at < $2))`,
        [standing.priority, standing.ready_at],
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
