import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

export const NANODOLLARS = 1_000_000_000;

export type BudgetScope = 'session' | 'agent' | 'key' | 'tenant';

/** A counter that limits apply to. */
export interface BudgetCounter {
  readonly scope: BudgetScope;
  readonly subject: string;
  /** Whether it begins anew every UTC day; a session's never does. */
  readonly daily: boolean;
  readonly tokens: number | null;
  readonly nanodollars: number | null;
  readonly toolCalls: number | null;
}

export interface Amounts {
  readonly tokens: number;
  readonly nanodollars: number;
}

/** What stands against a reservation. */
export interface BudgetShortage {
  readonly scope: BudgetScope;
  readonly what: 'tokens' | 'cost_usd' | 'tool_calls';
  readonly limit: number;
  readonly used: number;
}

export type Reservation = { readonly id: string; readonly granted: Amounts } | { readonly shortage: BudgetShortage };

interface CounterRow {
  readonly scope: BudgetScope;
  readonly subject: string;
  readonly day: string;
  readonly tokens: string;
  readonly nanodollars: string;
  readonly tool_calls: string;
}

/** The update that changes nothing takes the lock and returns the row, whether it was there or not. */
const LOCK = `
  INSERT INTO agent_budgets AS b (tenant_id, scope, subject, day)
  SELECT $1, e ->> 0, e ->> 1, CASE WHEN (e ->> 2)::boolean THEN (now() AT TIME ZONE 'UTC')::date ELSE '-infinity'::date END
  FROM json_array_elements($2::json) e ORDER BY e ->> 0, e ->> 1
  ON CONFLICT (tenant_id, scope, subject, day) DO UPDATE SET tool_calls = b.tool_calls
  RETURNING b.scope, b.subject, b.day::text AS day, b.tokens_spent + b.tokens_held AS tokens,
    b.nanodollars_spent + b.nanodollars_held AS nanodollars, b.tool_calls`;

const HOLD = `
  WITH hold AS (
    INSERT INTO agent_budget_holds (id, tenant_id, scopes, run_id, step, tokens, nanodollars) VALUES ($3, $1, $2::json, $4, $5, $6::bigint, $7::bigint)
  )
  UPDATE agent_budgets b SET tokens_held = b.tokens_held + $6::bigint, nanodollars_held = b.nanodollars_held + $7::bigint
  FROM json_array_elements($2::json) e
  WHERE b.tenant_id = $1 AND b.scope = e ->> 0 AND b.subject = e ->> 1 AND b.day = (e ->> 2)::date`;

/** Rows are locked in the order of every other statement before they are changed. */
const SETTLE = `
  WITH gone AS (
    DELETE FROM agent_budget_holds WHERE id = $1 RETURNING tenant_id, scopes, tokens, nanodollars
  ), locked AS (
    SELECT b.tenant_id, b.scope, b.subject, b.day, gone.tokens, gone.nanodollars
    FROM gone CROSS JOIN json_array_elements(gone.scopes) e
    JOIN agent_budgets b ON b.tenant_id = gone.tenant_id AND b.scope = e ->> 0 AND b.subject = e ->> 1 AND b.day = (e ->> 2)::date
    ORDER BY b.scope, b.subject FOR UPDATE OF b
  )
  UPDATE agent_budgets b SET
    tokens_held = b.tokens_held - l.tokens, tokens_spent = b.tokens_spent + coalesce($2::bigint, l.tokens),
    nanodollars_held = b.nanodollars_held - l.nanodollars, nanodollars_spent = b.nanodollars_spent + coalesce($3::bigint, l.nanodollars)
  FROM locked l WHERE b.tenant_id = l.tenant_id AND b.scope = l.scope AND b.subject = l.subject AND b.day = l.day`;

/**
 * What is spent and held, over all nodes. A reservation locks its counters in one order, looks, and holds: of any number of
 * nodes none can take room that another has taken. What a hold is not settled for, because its process died, counts as spent.
 */
@Injectable()
export class BudgetStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Makes room for a call: `wanted` if there is, else what there is, but never less than `least`. A hold that the same step left
   * behind is charged first.
   */
  reserve(params: {
    readonly tenant: string;
    readonly runId: string;
    readonly step: string;
    readonly counters: readonly BudgetCounter[];
    readonly wanted: Amounts;
    readonly least: Amounts;
  }): Promise<Reservation> {
    const { tenant, runId, step, counters, wanted, least } = params;
    return this.dataSource.transaction(async (manager) => {
      let rows = await this.lock(manager, tenant, counters);
      const left = await manager.query<{ id: string }[]>('SELECT id FROM agent_budget_holds WHERE run_id = $1 AND step = $2', [
        runId,
        step,
      ]);
      for (const { id } of left) await this.charge(manager, id, null);
      if (left.length > 0) rows = await this.lock(manager, tenant, counters);
      const room = roomIn(counters, rows);
      const granted = { tokens: Math.min(wanted.tokens, room.tokens), nanodollars: Math.min(wanted.nanodollars, room.nanodollars) };
      if (granted.tokens < least.tokens || granted.nanodollars < least.nanodollars) return { shortage: shortageOf(counters, rows, least) };
      const id = uuidv7();
      await manager.query(HOLD, [
        tenant,
        JSON.stringify(rows.map(({ scope, subject, day }) => [scope, subject, day])),
        id,
        runId,
        step,
        Math.floor(granted.tokens),
        Math.floor(granted.nanodollars),
      ]);
      return { id, granted };
    });
  }

  /** Gives back what was not used. A hold that was charged meanwhile stays as it is. */
  settle(id: string, used: Amounts): Promise<void> {
    return this.charge(this.dataSource.manager, id, used);
  }

  /** Counts a call of a tool, or says why there may be none. */
  countToolCall(tenant: string, counters: readonly BudgetCounter[]): Promise<BudgetShortage | null> {
    return this.dataSource.transaction(async (manager) => {
      const rows = await this.lock(manager, tenant, counters);
      for (const { scope, subject, toolCalls } of counters) {
        const used = Number(rows.find((row) => row.scope === scope && row.subject === subject)?.tool_calls ?? 0);
        if (toolCalls !== null && used + 1 > toolCalls) return { scope, what: 'tool_calls', limit: toolCalls, used };
      }
      for (const { scope, subject, day } of rows) {
        await manager.query(
          'UPDATE agent_budgets SET tool_calls = tool_calls + 1 WHERE tenant_id = $1 AND scope = $2 AND subject = $3 AND day = $4::date',
          [tenant, scope, subject, day],
        );
      }
      return null;
    });
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
  private async charge(manager: EntityManager, id: string, used: Amounts | null): Promise<void> {
    await manager.query(SETTLE, [id, used === null ? null : Math.ceil(used.tokens), used === null ? null : Math.ceil(used.nanodollars)]);
  }
}

function roomIn(counters: readonly BudgetCounter[], rows: readonly CounterRow[]): Amounts {
  let [tokens, nanodollars] = [Infinity, Infinity];
  for (const counter of counters) {
    const row = rows.find((each) => each.scope === counter.scope && each.subject === counter.subject);
    if (counter.tokens !== null) tokens = Math.min(tokens, counter.tokens - Number(row?.tokens ?? 0));
    if (counter.nanodollars !== null) nanodollars = Math.min(nanodollars, counter.nanodollars - Number(row?.nanodollars ?? 0));
  }
  return { tokens, nanodollars };
}

/** The counter that is nearest to its limit. */
function shortageOf(counters: readonly BudgetCounter[], rows: readonly CounterRow[], least: Amounts): BudgetShortage {
  for (const { scope, subject, tokens, nanodollars } of counters) {
    const row = rows.find((each) => each.scope === scope && each.subject === subject);
    const [usedTokens, usedNano] = [Number(row?.tokens ?? 0), Number(row?.nanodollars ?? 0)];
    if (tokens !== null && usedTokens + least.tokens > tokens) return { scope, what: 'tokens', limit: tokens, used: usedTokens };
    if (nanodollars !== null && usedNano + least.nanodollars > nanodollars) {
      return { scope, what: 'cost_usd', limit: nanodollars / NANODOLLARS, used: usedNano / NANODOLLARS };
    }
  }
  throw new Error('nothing is short');
}
