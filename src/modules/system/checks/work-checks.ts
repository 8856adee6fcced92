import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { DoctorRegistry, type Finding } from '../../../platform/doctor/index.js';

/** A claimable run that waits so long finds no worker. */
const LONG_READY_SECONDS = 60;
/** Leases are swept every second or so. */
const EXPIRED_SECONDS = 30;
/** Readers renew their lease every two seconds. */
const UNREAD_SECONDS = 60;
const OVERDUE_SECONDS = 300;

interface LiveRow {
  readonly state: string;
  readonly count: number;
  readonly oldest_seconds: number;
  readonly expired: number;
  readonly expired_seconds: number;
}

/** Whether the work gets done: runs that wait for a worker, and readers of events. */
@Injectable()
export class WorkChecks implements OnModuleInit {
  constructor(
    private readonly doctor: DoctorRegistry,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  onModuleInit(): void {
    this.doctor.register('runs', () => this.runs());
    this.doctor.register('feeds', () => this.feeds());
    this.doctor.register('outbox', () => this.outbox());
  }

  private async runs(): Promise<Finding> {
    const rows = await this.dataSource.query<LiveRow[]>(
      `SELECT state, count(*)::int AS count, round(extract(epoch FROM now() - min(ready_at)))::int AS oldest_seconds,
              (count(*) FILTER (WHERE lease_until < now()))::int AS expired,
              coalesce(round(extract(epoch FROM now() - min(lease_until) FILTER (WHERE lease_until < now()))), 0)::int AS expired_seconds
       FROM live_runs GROUP BY state ORDER BY state`,
    );
    const [owners] = await this.dataSource.query<{ count: number }[]>(
      `SELECT count(DISTINCT owner)::int AS count FROM live_runs WHERE state = 'leased' AND lease_until > now()`,
    );
    const ready = rows.find(({ state }) => state === 'ready');
    const expired = rows.reduce((most, row) => Math.max(most, row.expired_seconds), 0);
    const details = {
      states: Object.fromEntries(
        rows.map(({ state, count, oldest_seconds }) => [state, { count, oldest_seconds: Math.max(0, oldest_seconds) }]),
      ),
      expired_leases: rows.reduce((sum, row) => sum + row.expired, 0),
      busy_workers: owners?.count ?? 0,
    };
    if (expired > EXPIRED_SECONDS)
      return { status: 'error', message: 'leases have expired and no worker takes them over: none is running', details };
    if ((ready?.oldest_seconds ?? 0) > LONG_READY_SECONDS) {
      return {
        status: 'warning',
        message: `a run has been claimable for ${ready?.oldest_seconds} s: there are too few workers, or none`,
        details,
      };
    }
    const live = rows.reduce((sum, { count }) => sum + count, 0);
    return { status: 'ok', message: `${live} runs are not over`, details };
  }

  private async feeds(): Promise<Finding> {
    const rows = await this.dataSource.query<{ consumer: string; cursors: number; transactions_behind: number; idle_seconds: number }[]>(
      `SELECT consumer, count(*)::int AS cursors, greatest(0, max(pg_snapshot_xmin(pg_current_snapshot())::text::bigint - xid))::float8 AS transactions_behind,
              greatest(0, round(extract(epoch FROM now() - max(lease_until))))::int AS idle_seconds
       FROM feed_cursors GROUP BY consumer ORDER BY consumer`,
    );
    const left = rows.filter(({ idle_seconds }) => idle_seconds > UNREAD_SECONDS).map(({ consumer }) => consumer);
    if (left.length === 0) return { status: 'ok', message: 'events are read on', details: { consumers: rows } };
    // Nobody may want to hear any more: then this is as it should be.
    return { status: 'ok', message: `nobody reads events for ${left.join(', ')} at the moment`, details: { consumers: rows } };
  }

  private async outbox(): Promise<Finding> {
    const [row] = await this.dataSource.query<
      { pending: number; overdue_seconds: number; fires: number; fires_overdue_seconds: number; disabled: number }[]
    >(
      `SELECT (SELECT count(*)::int FROM webhook_deliveries WHERE status = 'pending') AS pending,
              (SELECT greatest(0, coalesce(round(extract(epoch FROM now() - min(d.next_attempt_at))), 0))::int
               FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id AND w.enabled WHERE d.status = 'pending') AS overdue_seconds,
              (SELECT count(*)::int FROM trigger_fires WHERE status = 'pending') AS fires,
              (SELECT greatest(0, coalesce(round(extract(epoch FROM now() - min(next_attempt_at))), 0))::int
               FROM trigger_fires WHERE status = 'pending') AS fires_overdue_seconds,
              (SELECT count(*)::int FROM webhooks WHERE disabled_reason IS NOT NULL) AS disabled`,
    );
    const { pending = 0, overdue_seconds = 0, fires = 0, fires_overdue_seconds = 0, disabled = 0 } = row ?? {};
    const details = {
      pending_messages: pending,
      overdue_seconds,
      pending_fires: fires,
      fires_overdue_seconds,
      webhooks_switched_off: disabled,
    };
    if (Math.max(overdue_seconds, fires_overdue_seconds) > OVERDUE_SECONDS) {
      return {
        status: 'warning',
        message: 'messages or fires of triggers are long due: no worker is running, or it does not keep up',
        details,
      };
    }
    return { status: 'ok', message: `${pending} messages and ${fires} fires are under way`, details };
  }
}
