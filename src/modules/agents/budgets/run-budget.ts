import type { StepError } from '../../../engine/index.js';
import { BudgetRefusal, type BudgetLimits, type CostEstimate, type Hold, type TokenUsage } from '../../models/index.js';
import { stop } from '../loop/stop.js';
import { type BudgetCounter, type BudgetShortage, NANODOLLARS, type Spending } from './budget-room.js';
import type { BudgetStore } from './budget-store.js';

/** Where an answer is cut so short that it is worth nothing, it is not begun. */
const LEAST_OUTPUT_TOKENS = 16;
/** The same for time, milliseconds. */
const LEAST_TIME_MS = 10;
const DAY_MS = 86_400_000;
const NOTHING: Spending = { tokens: 0, nanodollars: 0, toolCalls: 0, wallMs: 0 };

/** Limits that apply to one run of an agent. */
export interface RunBudgetParams {
  readonly tenant: string;
  readonly runId: string;
  readonly run: BudgetLimits;
  readonly counters: readonly BudgetCounter[];
}

/** Told when a call has used up the time that was left for it; the call is to be ended then. */
type OnTimeUp = (error: StepError) => void;

/** Room among what runs share. */
interface SharedHold {
  readonly tokens: number;
  readonly cost: number;
  settle(usage: Omit<Spending, 'toolCalls' | 'wallMs'>): Promise<void>;
}

/**
 * What one run may still spend. Every call is reserved before it is made and settled after: in memory for the run, which one
 * process executes at a time, in Postgres for what it shares with others.
 */
export class RunBudget {
  private heldTokens = 0;
  private heldCost = 0;
  private spentTokens = 0;
  private spentCost = 0;
  /** Steps whose call of a tool is counted. */
  private readonly toolCalls = new Set<string>();

  constructor(
    private readonly store: BudgetStore,
    private readonly params: RunBudgetParams,
  ) {}

  /** Whether money is limited: then only models with a price may be asked. */
  get limitsMoney(): boolean {
    return this.params.run.cost_usd !== undefined || this.params.counters.some(({ limits }) => limits.nanodollars !== null);
  }

  /** Whether anything limits what models may be asked. */
  get limitsModels(): boolean {
    const { run } = this.params;
    return run.tokens !== undefined || run.cost_usd !== undefined || this.countersOf('tokens', 'nanodollars', 'wallMs').length > 0;
  }

  /** Milliseconds that the whole run may take; null when that is not limited. */
  get runTimeMs(): number | null {
    return this.params.run.wall_time_ms ?? null;
  }

  /** What the journal says was spent already, when a run goes on after a crash. */
  replayed(usage: TokenUsage): void {
    this.spentTokens += usage.total_tokens;
    this.spentCost += usage.cost_usd ?? 0;
  }

  /** The same for a call of a tool, by its step. */
  replayedToolCall(step: string): void {
    this.toolCalls.add(step);
  }

  /** Makes room for a call of a model that may take `timeoutMs`. Throws `BudgetRefusal`. */
  async reserve(step: string, estimate: CostEstimate, onTimeUp: OnTimeUp): Promise<Hold> {
    const { run } = this.params;
    const perOutputToken = estimate.costPerOutputToken ?? 0;
    const leastTokens = estimate.inputTokens + Math.min(LEAST_OUTPUT_TOKENS, estimate.outputTokens);
    const leastCost = (estimate.inputCostUsd ?? 0) + Math.min(LEAST_OUTPUT_TOKENS, estimate.outputTokens) * perOutputToken;
    const wanted = { tokens: estimate.inputTokens + estimate.outputTokens, cost: estimate.costUsd ?? 0 };
    const left = {
      tokens: (run.tokens ?? Infinity) - this.spentTokens - this.heldTokens,
      cost: (run.cost_usd ?? Infinity) - this.spentCost - this.heldCost,
    };
    if (left.tokens < leastTokens) throw shortOfRun('tokens', run.tokens ?? 0, this.spentTokens + this.heldTokens);
    if (left.cost < leastCost) throw shortOfRun('cost_usd', run.cost_usd ?? 0, this.spentCost + this.heldCost);
    const own = { tokens: Math.min(wanted.tokens, left.tokens), cost: Math.min(wanted.cost, left.cost) };
    this.heldTokens += own.tokens;
    this.heldCost += own.cost;
    let release = (): void => {
      this.heldTokens -= own.tokens;
      this.heldCost -= own.cost;
      release = () => undefined;
    };
    try {
      const shared = await this.share(
        step,
        this.countersOf('tokens', 'nanodollars', 'wallMs'),
        { ...NOTHING, tokens: own.tokens, nanodollars: own.cost * NANODOLLARS, wallMs: estimate.timeoutMs },
        { ...NOTHING, tokens: leastTokens, nanodollars: leastCost * NANODOLLARS, wallMs: Math.min(LEAST_TIME_MS, estimate.timeoutMs) },
        onTimeUp,
      );
      const granted = { tokens: Math.min(own.tokens, shared?.tokens ?? Infinity), cost: Math.min(own.cost, shared?.cost ?? Infinity) };
      return {
        maxOutputTokens: outputWithin(granted, estimate, perOutputToken),
        settle: async (usage) => {
          release();
          this.spentTokens += usage.total_tokens;
          this.spentCost += usage.cost_usd ?? 0;
          await shared?.settle({ tokens: usage.total_tokens, nanodollars: (usage.cost_usd ?? 0) * NANODOLLARS });
        },
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  /**
   * Counts a call of a tool and makes room for the time that it may take; 0 for one whose work is a run, which counts for itself.
   * The answer is to be called at its end. Throws `StepError('budget_exceeded')`.
   */
  async toolCall(step: string, timeoutMs: number, onTimeUp: OnTimeUp): Promise<() => Promise<void>> {
    const { run } = this.params;
    if (run.tool_calls !== undefined && this.toolCalls.size + 1 > run.tool_calls) {
      throw stop('budget_exceeded', `the run may call tools ${run.tool_calls} times`, {
        scope: 'run',
        what: 'tool_calls',
        limit: run.tool_calls,
        used: this.toolCalls.size,
      });
    }
    this.toolCalls.add(step);
    const wanted = { ...NOTHING, toolCalls: 1, wallMs: timeoutMs };
    const least = { ...wanted, wallMs: Math.min(LEAST_TIME_MS, timeoutMs) };
    const counters = this.countersOf('toolCalls', 'wallMs');
    try {
      const shared = await this.share(step, counters, wanted, least, onTimeUp);
      return async () => shared?.settle({ tokens: 0, nanodollars: 0 });
    } catch (error) {
      throw error instanceof BudgetRefusal ? stop('budget_exceeded', error.message, error.details) : error;
    }
  }

  /** Null where nothing shared limits it. */
  private async share(
    step: string,
    counters: readonly BudgetCounter[],
    wanted: Spending,
    least: Spending,
    onTimeUp: OnTimeUp,
  ): Promise<SharedHold | null> {
    if (counters.length === 0) return null;
    const { tenant, runId } = this.params;
    const startedAt = performance.now();
    const reservation = await this.store.reserve({ tenant, runId, step, counters, wanted, least });
    if ('shortage' in reservation) throw new BudgetRefusal(sentence(reservation.shortage), detailsOf(reservation.shortage));
    const { id, granted, time } = reservation;
    const timer =
      time === null ? undefined : setTimeout(() => onTimeUp(stop('budget_exceeded', sentence(time), detailsOf(time))), granted.wallMs);
    return {
      tokens: granted.tokens,
      cost: granted.nanodollars / NANODOLLARS,
      settle: async (usage) => {
        clearTimeout(timer);
        if (id !== null) await this.store.settle(id, { ...usage, wallMs: performance.now() - startedAt });
      },
    };
  }

  private countersOf(...units: readonly (keyof Spending)[]): readonly BudgetCounter[] {
    return this.params.counters.filter(({ limits }) => units.some((unit) => limits[unit] !== null));
  }
}

/** How long an answer may be so that what was granted suffices. */
function outputWithin(granted: { readonly tokens: number; readonly cost: number }, estimate: CostEstimate, perOutputToken: number): number {
  const byTokens = granted.tokens - estimate.inputTokens;
  const byCost = perOutputToken === 0 ? Infinity : (granted.cost - (estimate.inputCostUsd ?? 0)) / perOutputToken;
  return Math.max(1, Math.floor(Math.min(estimate.outputTokens, byTokens, byCost)));
}

function shortOfRun(what: 'tokens' | 'cost_usd', limit: number, used: number): BudgetRefusal {
  return new BudgetRefusal(`the run's budget of ${limit} ${UNITS[what]} is used up`, { scope: 'run', what, limit, used });
}

const UNITS = { tokens: 'tokens', cost_usd: 'US dollars', tool_calls: 'calls of tools', wall_time_ms: 'ms of calls' } as const;

function sentence({ scope, daily, what, limit }: BudgetShortage): string {
  return `the ${scope}'s budget of ${limit} ${UNITS[what]}${daily ? ' a day' : ''} is used up`;
}

function detailsOf({ scope, daily, what, limit, used }: BudgetShortage): {
  scope: string;
  period: string;
  what: string;
  limit: number;
  used: number;
  retry_after_ms?: number;
} {
  const details = { scope, period: daily ? 'day' : 'total', what, limit, used };
  return daily ? { ...details, retry_after_ms: DAY_MS - (Date.now() % DAY_MS) } : details;
}
