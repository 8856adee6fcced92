import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { LIVE_CONDITIONS, runConditions, SqlParameters, type LiveStatus, type RunFilter } from './run-filter.js';

export interface RunStats {
  readonly total: number;
  readonly success: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly pending: number;
  readonly running: number;
  readonly waiting: number;
  readonly cancelling: number;
  /** Of the runs that are over; null when none is. */
  readonly success_rate: number | null;
  readonly avg_duration_ms: number | null;
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  readonly p99_ms: number | null;
}

/** Counts runs by status and measures, from start to end, those that are over. */
@Injectable()
export class RunStatsQuery {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** How many runs are not over, by status. Costs what they are, not what is in the tables. */
  async live(tenant: string): Promise<Record<LiveStatus, number>> {
    const counts = LIVE_STATUSES.map((status) => `(count(*) FILTER (WHERE ${LIVE_CONDITIONS[status]}))::int AS ${status}`);
    const [row] = await this.dataSource.query<Record<LiveStatus, number>[]>(
      `SELECT ${counts.join(', ')} FROM live_runs l WHERE l.tenant_id = $1`,
      [tenant],
    );
    if (row === undefined) throw new Error('an aggregate without a row');
    return row;
  }

  async execute(filter: RunFilter): Promise<RunStats> {
    const parameters = new SqlParameters();
    const where = runConditions(filter, parameters).join(' AND ');
    const [row] = await this.dataSource.query<RunStats[]>(
      `WITH counted AS (
         SELECT CASE WHEN r.status IS NOT NULL THEN r.status
                     WHEN l.cancel_requested_at IS NOT NULL THEN 'cancelling'
                     WHEN l.started_at IS NULL THEN 'pending'
                     WHEN l.state = 'waiting' THEN 'waiting' ELSE 'running' END AS status,
                extract(epoch FROM r.finished_at - r.started_at)::float8 * 1000 AS duration
         FROM runs r LEFT JOIN live_runs l ON r.status IS NULL AND l.run_id = r.id
         WHERE ${where}),
       summed AS (
         SELECT count(*)::int AS total,
                ${STATUSES.map((status) => `(count(*) FILTER (WHERE status = '${status}'))::int AS ${status}`).join(', ')},
                round(avg(duration)::numeric, 3)::float8 AS avg_duration_ms,
                percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration) AS percentiles
         FROM counted)
       SELECT total, ${STATUSES.join(', ')}, success::float8 / nullif(success + failed + cancelled, 0) AS success_rate,
              avg_duration_ms, percentiles[1] AS p50_ms, percentiles[2] AS p95_ms, percentiles[3] AS p99_ms
       FROM summed`,
      parameters.values,
    );
    if (row === undefined) throw new Error('an aggregate without a row');
    return row;
  }
}

const LIVE_STATUSES = Object.keys(LIVE_CONDITIONS) as LiveStatus[];

const STATUSES = ['success', 'failed', 'cancelled', 'pending', 'running', 'waiting', 'cancelling'] as const;
