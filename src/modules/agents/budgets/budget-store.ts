import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { type BudgetCounter, type BudgetShortage, type CounterRow, room, shortage, type Spending, tightestForTime } from './budget-room.js';

/** Room that was made for a call. */
export interface Reservation {
  /** Null when nothing is held: nothing but the call itself was to be counted. */
  readonly id: string | null;
  readonly granted: Spending;
  /** What stands against more time, where less was granted than wanted. */
  readonly time: BudgetShortage | null;
}

/** The update that changes nothing takes the lock and returns the row, whether it was there or not. */
const LOCK = `
  INSERT INTO agent_budgets AS b (tenant_id, scope, subject, day)
  SELECT $1, e ->> 0, e ->> 1, CASE WHEN (e ->> 2)::boolean THEN (now() AT TIME ZONE 'UTC')::date ELSE '-infinity'::date END
  FROM json_array_elements($2::json) e ORDER BY 2, 3, 4
  ON CONFLICT (tenant_id, scope, subject, day) DO UPDATE SET tool_calls = b.tool_calls
  RETURNING b.scope, b.subject, b.day::text AS day, (b.day > '-infinity') AS daily, (b.tokens_spent + b.tokens_held)::float8 AS tokens,
    (b.nanodollars_spent + b.nanodollars_held)::float8 AS nanodollars, b.tool_calls::float8 AS "toolCalls",
    (b.wall_ms_spent + b.wall_ms_held)::float8 AS "wallMs"`;

const OF_COUNTER = `b.tenant_id = $1 AND b.scope = e ->> 0 AND b.subject = e ->> 1 AND b.day = (e ->> 2)::date`;

const COUNT_TOOL_CALL = `
  UPDATE agent_budgets b SET tool_calls = b.tool_calls + 1 FROM json_array_elements($2::json) e WHERE ${OF_COUNTER}`;

const HOLD = `
  WITH hold AS (
    INSERT INTO agent_budget_holds (id, tenant_id, scopes, run_id, step, tokens, nanodollars, wall_ms)
    VALUES ($3, $1, $2::json, $4, $5, $6::bigint, $7::bigint, $8::bigint)
  )
  UPDATE agent_budgets b SET tokens_held = b.tokens_held + $6::bigint, nanodollars_held = b.nanodollars_held + $7::bigint,
    wall_ms_held = b.wall_ms_held + $8::bigint
  FROM json_array_elements($2::json) e WHERE ${OF_COUNTER}`;

/** Rows are locked in the order of every other statement before they are changed. */
const SETTLE = `
  WITH gone AS (
    DELETE FROM agent_budget_holds WHERE id = $1 RETURNING tenant_id, scopes, tokens, nanodollars, wall_ms
  ), locked AS (
    SELECT b.tenant_id, b.scope, b.subject, b.day, gone.tokens, gone.nanodollars, gone.wall_ms
    FROM gone CROSS JOIN json_array_elements(gone.scopes) e
    JOIN agent_budgets b ON b.tenant_id = gone.tenant_id AND b.scope = e ->> 0 AND b.subject = e ->> 1 AND b.day = (e ->> 2)::date
    ORDER BY b.scope, b.subject, b.day FOR UPDATE OF b
  )
  UPDATE agent_budgets b SET
    tokens_held = b.tokens_held - l.tokens, tokens_spent = b.tokens_spent + coalesce($2::bigint, l.tokens),
    nanodollars_held = b.nanodollars_held - l.nanodollars, nanodollars_spent = b.nanodollars_spent + coalesce($3::bigint, l.nanodollars),
    wall_ms_held = b.wall_ms_held - l.wall_ms, wall_ms_spent = b.wall_ms_spent + coalesce($4::bigint, l.wall_ms)
  FROM locked l WHERE b.tenant_id = l.tenant_id AND b.scope = l.scope AND b.subject = l.subject AND b.day = l.day`;

/**
 * What runs share, in Postgres: a call is reserved before it is made and settled after, so that no number of nodes can take the
 * same room twice. A reservation locks the rows of its counters, always in the same order.
 */
@Injectable()
export class BudgetStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Makes room for a call: as much as is wanted, or what is left as long as it is the least. A call of a tool is counted with it.
   * What an earlier execution of the same step left behind is charged first: nobody knows what became of it.
   */
  reserve(params: {
    readonly tenant: string;
    readonly runId: string;
    readonly step: string;
    readonly counters: readonly BudgetCounter[];
    readonly wanted: Spending;
    readonly least: Spending;
  }): Promise<Reservation | { readonly shortage: BudgetShortage }> {
    const { tenant, runId, step, counters, wanted, least } = params;
    return this.dataSource.transaction(async (manager) => {
      let rows = await this.lock(manager, tenant, counters);
      const left = await manager.query<{ id: string }[]>('SELECT id FROM agent_budget_holds WHERE run_id = $1 AND step = $2', [
        runId,
        step,
      ]);
      for (const { id } of left) await this.charge(manager, id, null);
      if (left.length > 0) rows = await this.lock(manager, tenant, counters);
      const short = shortage(counters, rows, least);
      if (short !== null) return { shortage: short };
      const granted = room(counters, rows, wanted);
      const time = granted.wallMs < wanted.wallMs ? tightestForTime(counters, rows) : null;
      const scopes = JSON.stringify(rows.map(({ scope, subject, day }) => [scope, subject, day]));
      if (wanted.toolCalls > 0) await manager.query(COUNT_TOOL_CALL, [tenant, scopes]);
      const held = [granted.tokens, granted.nanodollars, granted.wallMs].map(Math.floor);
      if (held.every((amount) => amount === 0)) return { id: null, granted, time };
      const id = uuidv7();
      await manager.query(HOLD, [tenant, scopes, id, runId, step, ...held]);
      return { id, granted, time };
    });
  }

  /** Gives back what was not used. A hold that was charged meanwhile stays as it is. */
  settle(id: string, used: Omit<Spending, 'toolCalls'>): Promise<void> {
    return this.charge(this.dataSource.manager, id, used);
  }

  /** Charges what runs that are over left behind. */
  async chargeEnded(): Promise<void> {
    const left = await this.dataSource.query<{ id: string }[]>(
      `SELECT h.id FROM agent_budget_holds h JOIN runs r ON r.id = h.run_id WHERE r.status IS NOT NULL LIMIT 500`,
    );
    for (const { id } of left) await this.charge(this.dataSource.manager, id, null);
  }

  /** The counters' rows, made where they are missing, and locked: always in one order, so that no two nodes wait for each other. */
  private lock(manager: EntityManager, tenant: string, counters: readonly BudgetCounter[]): Promise<CounterRow[]> {
    return manager.query(LOCK, [tenant, JSON.stringify(counters.map(({ scope, subject, daily }) => [scope, subject, daily]))]);
  }

  /** Null charges all that is held. */
  private async charge(manager: EntityManager, id: string, used: Omit<Spending, 'toolCalls'> | null): Promise<void> {
    const amounts = used === null ? [null, null, null] : [used.tokens, used.nanodollars, used.wallMs].map(Math.ceil);
    await manager.query(SETTLE, [id, ...amounts]);
  }
}
