import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { LIVING_TRIGGERS, TRIGGER_COLUMNS, type FireError, type TriggerRow } from '../trigger-row.js';
import type { ClaimedFire, NewFire } from './fire.js';

export interface PlannedTrigger {
  readonly id: string;
  readonly revision: number;
  /** The instant it was planned from. */
  readonly dueAt: Date;
  readonly next: Date | null;
}

/** A fire that stands before another of the same trigger. */
export interface EarlierFire {
  readonly run_id: string;
  readonly status: 'pending' | 'started';
}

const FIRE_COLUMNS = '(run_id, tenant_id, trigger_id, fire_key, chain, inputs, status, error, next_attempt_at)';
/** Of the arrays that `fireValues` makes, beginning at a parameter. */
const fireArrays = (first: number): string => {
  const types = ['uuid', 'uuid', 'text', 'json', 'json', 'json'];
  return `unnest(${types.map((type, index) => `$${first + index}::${type}[]`).join(', ')}) AS f (run_id, trigger_id, fire_key, chain, inputs, error)`;
};
const FIRE_VALUES = `f.run_id, t.tenant_id, f.trigger_id, f.fire_key, ARRAY(SELECT json_array_elements_text(f.chain)::uuid), f.inputs,
  'pending', f.error, now()`;

function fireValues(fires: readonly NewFire[]): unknown[] {
  return [
    fires.map(({ runId }) => runId),
    fires.map(({ triggerId }) => triggerId),
    fires.map(({ key }) => key),
    fires.map(({ chain }) => JSON.stringify(chain)),
    fires.map(({ inputs }) => JSON.stringify(inputs)),
    fires.map(({ error }) => (error === null ? null : JSON.stringify(error))),
  ];
}

/** The fires of triggers. Time is the database's. */
@Injectable()
export class FireStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** The cron triggers whose turn is next, due or not, and the time it is. */
  async nextCron(limit: number): Promise<{ readonly now: number; readonly triggers: readonly TriggerRow[] }> {
    const rows = await this.dataSource.query<(TriggerRow & { now: Date })[]>(
      `SELECT ${TRIGGER_COLUMNS}, clock_timestamp() AS now FROM ${LIVING_TRIGGERS}
       WHERE t.enabled AND t.next_fire_at IS NOT NULL ORDER BY t.next_fire_at LIMIT $1`,
      [limit],
    );
    return { now: rows[0]?.now.getTime() ?? 0, triggers: rows };
  }

  /**
   * Moves due triggers on and stores their fires, in one statement. Of any number of nodes that planned the same fires one gets
   * a trigger: who comes second finds it locked, or moved. Answers how many triggers were got.
   */
  async claimCron(planned: readonly PlannedTrigger[], fires: readonly NewFire[]): Promise<number> {
    const [row] = await this.dataSource.query<{ claimed: number }[]>(
      `WITH planned AS (
         SELECT * FROM unnest($1::uuid[], $2::int4[], $3::timestamptz[], $4::timestamptz[]) AS p (id, revision, due_at, next)
       ), claimed AS MATERIALIZED (
         SELECT t.id, t.tenant_id, p.next FROM planned p JOIN triggers t ON t.id = p.id
         WHERE t.enabled AND t.revision = p.revision AND t.next_fire_at = p.due_at AND t.next_fire_at <= clock_timestamp()
         FOR UPDATE OF t SKIP LOCKED
       ), moved AS (
         UPDATE triggers t SET next_fire_at = c.next FROM claimed c WHERE t.id = c.id
       ), stored AS (
         INSERT INTO trigger_fires ${FIRE_COLUMNS} SELECT ${FIRE_VALUES} FROM ${fireArrays(5)} JOIN claimed t ON t.id = f.trigger_id
       )
       SELECT count(*)::int AS claimed FROM claimed`,
      [
        planned.map(({ id }) => id),
        planned.map(({ revision }) => revision),
        planned.map(({ dueAt }) => dueAt),
        planned.map(({ next }) => next),
        ...fireValues(fires),
      ],
    );
    return row?.claimed ?? 0;
  }

  /** Stores fires within the caller's transaction; one that is there already stays as it is. */
  async add(manager: EntityManager, fires: readonly NewFire[]): Promise<void> {
    await manager.query(
      `INSERT INTO trigger_fires ${FIRE_COLUMNS} SELECT ${FIRE_VALUES} FROM ${fireArrays(1)} JOIN triggers t ON t.id = f.trigger_id
       ON CONFLICT (trigger_id, fire_key) DO NOTHING`,
      fireValues(fires),
    );
  }

  /**
   * Stores a fire that its maker submits at once; if the maker dies, somebody else does after `graceMs`. With a key that was
   * used the earlier fire is the answer, ready to be tried again if it failed.
   */
  async accept(
    fire: NewFire,
    graceMs: number,
  ): Promise<{ readonly run_id: string; readonly status: 'pending' | 'started'; readonly fresh: boolean }> {
    const rows = await this.dataSource.query<{ run_id: string; status: string; fresh: boolean }[]>(
      `INSERT INTO trigger_fires AS known ${FIRE_COLUMNS}
       SELECT ${FIRE_VALUES} + $7::int * interval '1 ms' FROM ${fireArrays(1)} JOIN triggers t ON t.id = f.trigger_id
       ON CONFLICT (trigger_id, fire_key) DO UPDATE SET error = NULL,
         status = CASE WHEN known.status IN ('failed', 'skipped') THEN 'pending' ELSE known.status END,
         inputs = CASE WHEN known.status IN ('failed', 'skipped') THEN excluded.inputs ELSE known.inputs END,
         next_attempt_at = CASE WHEN known.status = 'pending' THEN known.next_attempt_at ELSE excluded.next_attempt_at END
       RETURNING known.run_id, known.status, (xmax = 0) AS fresh`,
      [...fireValues([fire]), graceMs],
    );
    const row = rows[0];
    if (row === undefined) throw new Error('the trigger is gone');
    return { run_id: row.run_id, status: row.status === 'pending' ? 'pending' : 'started', fresh: row.fresh };
  }

  /** Takes due fires, oldest first. They come back by themselves when the taker does not settle them in time. */
  async claim(limit: number, leaseMs: number): Promise<ClaimedFire[]> {
    return this.dataSource.query<ClaimedFire[]>(
      `WITH due AS MATERIALIZED (
         SELECT run_id FROM trigger_fires WHERE status = 'pending' AND next_attempt_at <= now()
         ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED
       ), claimed AS (
         UPDATE trigger_fires f SET next_attempt_at = now() + $2::int * interval '1 ms', attempts = f.attempts + 1
         FROM due WHERE f.run_id = due.run_id
         RETURNING f.run_id, f.tenant_id, f.trigger_id, f.fire_key, f.inputs, f.error, f.attempts
       )
       SELECT c.*, t.kind, t.workflow_id, t.config, EXISTS (SELECT FROM runs r WHERE r.id = c.run_id) AS run_exists
       FROM claimed c JOIN triggers t ON t.id = c.trigger_id ORDER BY c.fire_key`,
      [limit, leaseMs],
    );
  }

  /** Milliseconds until a fire is due; null when none waits. */
  async nextDueInMs(): Promise<number | null> {
    const [row] = await this.dataSource.query<{ in_ms: number | null }[]>(
      `SELECT (extract(epoch FROM min(next_attempt_at) - clock_timestamp()) * 1000)::float8 AS in_ms FROM trigger_fires WHERE status = 'pending'`,
    );
    return row?.in_ms ?? null;
  }

  /** The earlier fires of a trigger that are not over. Those whose run is are marked, so that nobody looks at them again. */
  async earlier({ trigger_id, fire_key }: ClaimedFire): Promise<EarlierFire[]> {
    return this.dataSource.query<EarlierFire[]>(
      `WITH ended AS (
         UPDATE trigger_fires f SET status = 'over' WHERE f.trigger_id = $1 AND f.status = 'started'
           AND NOT EXISTS (SELECT FROM runs r WHERE r.id = f.run_id AND r.status IS NULL) RETURNING f.run_id
       )
       SELECT run_id, status FROM trigger_fires
       WHERE trigger_id = $1 AND status IN ('pending', 'started') AND fire_key < $2 AND run_id NOT IN (SELECT run_id FROM ended)`,
      [trigger_id, fire_key],
    );
  }

  async started(runId: string): Promise<void> {
    await this.dataSource.query(
      `WITH fire AS (
         UPDATE trigger_fires SET status = 'started', error = NULL WHERE run_id = $1 AND status <> 'over' RETURNING trigger_id
       )
       UPDATE triggers t SET last_fired_at = now(), last_run_id = $1, last_error = NULL FROM fire WHERE t.id = fire.trigger_id`,
      [runId],
    );
  }

  /** The fire starts no run. */
  async ended(runId: string, status: 'skipped' | 'failed', error: FireError): Promise<void> {
    await this.dataSource.query(
      `WITH fire AS (
         UPDATE trigger_fires SET status = $2, error = $3 WHERE run_id = $1 AND status = 'pending' RETURNING trigger_id
       )
       UPDATE triggers t SET last_error = $3 FROM fire WHERE t.id = fire.trigger_id`,
      [runId, status, JSON.stringify(error)],
    );
  }

  async postpone(runId: string, delayMs: number): Promise<void> {
    await this.dataSource.query(
      `UPDATE trigger_fires SET next_attempt_at = now() + $2::int * interval '1 ms' WHERE run_id = $1 AND status = 'pending'`,
      [runId, delayMs],
    );
  }

  /** Of these runs, those whose fires are still to be submitted. */
  async unsettled(runIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.dataSource.query<{ run_id: string }[]>(
      `SELECT run_id FROM trigger_fires WHERE run_id = ANY($1::uuid[]) AND status = 'pending'`,
      [runIds],
    );
    return new Set(rows.map(({ run_id }) => run_id));
  }

  /** Forgets settled fires with ids below `beforeRunId`, and triggers whose workflow is gone. Answers how many fires. */
  async clean(beforeRunId: string, limit: number): Promise<number> {
    await this.dataSource.query('DELETE FROM triggers t USING workflows w WHERE w.id = t.workflow_id AND w.deleted_at IS NOT NULL');
    const gone = await this.dataSource.query<unknown[]>(
      `WITH old AS (
         SELECT run_id FROM trigger_fires f WHERE run_id < $1 AND status <> 'pending'
           AND NOT EXISTS (SELECT FROM runs r WHERE r.id = f.run_id AND r.status IS NULL)
         ORDER BY run_id LIMIT $2 FOR UPDATE SKIP LOCKED
       ), gone AS (
         DELETE FROM trigger_fires f USING old WHERE f.run_id = old.run_id RETURNING f.run_id
       ) SELECT run_id FROM gone`,
      [beforeRunId, limit],
    );
    return gone.length;
  }
}
