export const NANODOLLARS = 1_000_000_000;

export type BudgetScope = 'session' | 'agent' | 'key' | 'tenant';

/** What calls use. */
export interface Spending {
  readonly tokens: number;
  readonly nanodollars: number;
  readonly toolCalls: number;
  /** Milliseconds that calls take. */
  readonly wallMs: number;
}

const UNITS = ['tokens', 'nanodollars', 'toolCalls', 'wallMs'] as const;
type Unit = (typeof UNITS)[number];

/** As definitions and problems name it. */
const NAMES = { tokens: 'tokens', nanodollars: 'cost_usd', toolCalls: 'tool_calls', wallMs: 'wall_time_ms' } as const;

/** A counter that limits apply to; null does not limit. */
export interface BudgetCounter {
  readonly scope: BudgetScope;
  readonly subject: string;
  /** Whether it begins anew every UTC day. */
  readonly daily: boolean;
  readonly limits: { readonly [U in Unit]: number | null };
}

/** What was spent and is held. */
export interface CounterRow extends Spending {
  readonly scope: BudgetScope;
  readonly subject: string;
  readonly day: string;
  readonly daily: boolean;
}

/** What stands against a reservation. */
export interface BudgetShortage {
  readonly scope: BudgetScope;
  readonly daily: boolean;
  readonly what: (typeof NAMES)[Unit];
  readonly limit: number;
  readonly used: number;
}

/** Of what is wanted, as much as every counter has room for. */
export function room(counters: readonly BudgetCounter[], rows: readonly CounterRow[], wanted: Spending): Spending {
  const least = { ...wanted };
  for (const counter of counters) {
    const used = rowOf(counter, rows);
    for (const unit of UNITS) least[unit] = Math.max(0, Math.min(least[unit], (counter.limits[unit] ?? Infinity) - (used?.[unit] ?? 0)));
  }
  return least;
}

/** The first counter that has no room for so much; null when all have. */
export function shortage(counters: readonly BudgetCounter[], rows: readonly CounterRow[], wanted: Spending): BudgetShortage | null {
  for (const counter of counters) {
    const used = rowOf(counter, rows);
    const unit = UNITS.find((each) => wanted[each] > 0 && (used?.[each] ?? 0) + wanted[each] > (counter.limits[each] ?? Infinity));
    if (unit !== undefined) return toShortage(counter, unit, used?.[unit] ?? 0);
  }
  return null;
}

/** The counter that has the least time left. */
export function tightestForTime(counters: readonly BudgetCounter[], rows: readonly CounterRow[]): BudgetShortage | null {
  const [tightest] = counters
    .map((counter) => ({ counter, used: rowOf(counter, rows)?.wallMs ?? 0 }))
    .sort((a, b) => timeLeft(a) - timeLeft(b));
  return tightest === undefined ? null : toShortage(tightest.counter, 'wallMs', tightest.used);
}

function timeLeft({ counter, used }: { readonly counter: BudgetCounter; readonly used: number }): number {
  return (counter.limits.wallMs ?? Infinity) - used;
}

function rowOf({ scope, subject, daily }: BudgetCounter, rows: readonly CounterRow[]): CounterRow | undefined {
  return rows.find((row) => row.scope === scope && row.subject === subject && row.daily === daily);
}

function toShortage({ scope, daily, limits }: BudgetCounter, unit: Unit, used: number): BudgetShortage {
  const scale = unit === 'nanodollars' ? NANODOLLARS : 1;
  return { scope, daily, what: NAMES[unit], limit: (limits[unit] ?? 0) / scale, used: used / scale };
}
