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
      const rows = await this.lock(manager, tenant, counters);
      for (const left of await this.leftBehind(manager, tenant, runId, step)) await this.settleWithin(manager, tenant, left.id, null);
      const charged = await this.lock(manager, tenant, counters);
      const room = roomIn(counters, charged);
      const granted = { tokens: Math.min(wanted.tokens, room.tokens), nanodollars: Math.min(wanted.nanodollars, room.nanodollars) };
      if (granted.tokens < least.tokens || granted.nanodollars < least.nanodollars) {
        return { shortage: shortageOf(counters, charged, least) };
      }
      const id = uuidv7();
      const scopes = rows.map(({ scope, subject, day }) => [scope, subject, day]);
      await manager.query(
        `INSERT INTO agent_budget_holds (id, tenant_id, run_id, step, scopes, tokens, nanodollars) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [id, tenant, runId, step, JSON.stringify(scopes), granted.tokens, granted.nanodollars],
      );
      await this.change(manager, tenant, scopes, 'tokens_held = b.tokens_held + $3, nanodollars_held = b.nanodollars_held + $4', granted);
      return { id, granted };
    });
  }

  /** Gives back what was not used. A hold that was charged meanwhile stays as it is. */
  async settle(tenant: string, id: string, used: Amounts): Promise<void> {
    await this.dataSource.transaction((manager) => this.settleWithin(manager, tenant, id, used));
  }

  /** Counts a call of a tool, or says why there may be none. */
  countToolCall(tenant: string, counters: readonly BudgetCounter[]): Promise<BudgetShortage | null> {
    return this.dataSource.transaction(async (manager) => {
      const rows = await this.lock(manager, tenant, counters);
      for (const { scope, subject, toolCalls } of counters) {
        const used = Number(rows.find((row) => row.scope === scope && row.subject === subject)?.tool_calls ?? 0);
        if (toolCalls !== null && used + 1 > toolCalls) return { scope, what: 'tool_calls', limit: toolCalls, used };
      }
      await this.change(
        manager,
        tenant,
        rows.map(({ scope, subject, day }) => [scope, subject, day]),
        'tool_calls = b.tool_calls + $3 + 0 * $4::bigint',
        { tokens: 1, nanodollars: 0 },
      );
      return null;
    });
  }

  /** Charges what runs that are over left behind. */
  async chargeEnded(): Promise<void> {
    const left = await this.dataSource.query<{ id: string; tenant_id: string }[]>(
      `SELECT h.id, h.tenant_id FROM agent_budget_holds h JOIN runs r ON r.id = h.run_id WHERE r.status IS NOT NULL LIMIT 500`,
    );
    for (const { id, tenant_id: tenant } of left)
      await this.dataSource.transaction((manager) => this.settleWithin(manager, tenant, id, null));
  }

  /** The counters' rows, made and locked in one order, so that no two nodes wait for each other. */
  private async lock(manager: EntityManager, tenant: string, counters: readonly BudgetCounter[]): Promise<CounterRow[]> {
    const ordered = [...counters].sort((a, b) => (`${a.scope} ${a.subject}` < `${b.scope} ${b.subject}` ? -1 : 1));
    const rows: CounterRow[] = [];
    for (const { scope, subject, daily } of ordered) {
      const day = daily ? `(now() AT TIME ZONE 'UTC')::date` : `'-infinity'::date`;
      await manager.query(`INSERT INTO agent_budgets (tenant_id, scope, subject, day) VALUES ($1, $2, $3, ${day}) ON CONFLICT DO NOTHING`, [
        tenant,
        scope,
        subject,
      ]);
      const [row] = await manager.query<CounterRow[]>(
        `SELECT scope, subject, day::text AS day, tokens_spent + tokens_held AS tokens, nanodollars_spent + nanodollars_held AS nanodollars, tool_calls
         FROM agent_budgets WHERE tenant_id = $1 AND scope = $2 AND subject = $3 AND day = ${day} FOR UPDATE`,
        [tenant, scope, subject],
      );
      if (row !== undefined) rows.push(row);
    }
    return rows;
  }

  private leftBehind(manager: EntityManager, tenant: string, runId: string, step: string): Promise<{ id: string }[]> {
    return manager.query('SELECT id FROM agent_budget_holds WHERE tenant_id = $1 AND run_id = $2 AND step = $3', [tenant, runId, step]);
  }

  /** Null charges all that is held. */
  private async settleWithin(manager: EntityManager, tenant: string, id: string, used: Amounts | null): Promise<void> {
    const [hold] = await manager.query<{ scopes: string[][]; tokens: string; nanodollars: string }[]>(
      'WITH gone AS (DELETE FROM agent_budget_holds WHERE id = $1 RETURNING scopes, tokens, nanodollars) SELECT * FROM gone',
      [id],
    );
    if (hold === undefined) return;
    const held = { tokens: Number(hold.tokens), nanodollars: Number(hold.nanodollars) };
    const spent = used ?? held;
    await this.change(manager, tenant, hold.scopes, 'tokens_held = b.tokens_held - $3, nanodollars_held = b.nanodollars_held - $4', held);
    await this.change(
      manager,
      tenant,
      hold.scopes,
      'tokens_spent = b.tokens_spent + $3, nanodollars_spent = b.nanodollars_spent + $4',
      spent,
    );
  }

  private async change(
    manager: EntityManager,
    tenant: string,
    scopes: readonly (readonly string[])[],
    changes: string,
    { tokens, nanodollars }: Amounts,
  ): Promise<void> {
    await manager.query(
      `WITH s AS (SELECT e ->> 0 AS scope, e ->> 1 AS subject, (e ->> 2)::date AS day FROM json_array_elements($2::json) e)
       UPDATE agent_budgets b SET ${changes} FROM s WHERE b.tenant_id = $1 AND b.scope = s.scope AND b.subject = s.subject AND b.day = s.day`,
      [tenant, JSON.stringify(scopes), Math.ceil(tokens), Math.ceil(nanodollars)],
    );
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
