import { BudgetRefusal, type BudgetLimits, type CostEstimate, type Hold, type TokenUsage } from '../../models/index.js';
import { stop } from '../loop/stop.js';
import { type BudgetCounter, type BudgetShortage, type BudgetStore, NANODOLLARS } from './budget-store.js';

/** Where an answer is cut so short that it is worth nothing, it is not begun. */
const LEAST_OUTPUT_TOKENS = 16;
const DAY_MS = 86_400_000;

/** Limits that apply to one run of an agent. */
export interface RunBudgetParams {
  readonly tenant: string;
  readonly runId: string;
  readonly run: BudgetLimits;
  readonly counters: readonly BudgetCounter[];
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
    return this.params.run.cost_usd !== undefined || this.params.counters.some(({ nanodollars }) => nanodollars !== null);
  }

  /** Whether anything limits what models may be asked. */
  get limitsModels(): boolean {
    const { run, counters } = this.params;
    return run.tokens !== undefined || this.limitsMoney || counters.some(({ tokens }) => tokens !== null);
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

  /** Throws `BudgetRefusal`. */
  async reserve(step: string, estimate: CostEstimate): Promise<Hold> {
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
      const shared = await this.reserveShared(step, own, { tokens: leastTokens, cost: leastCost });
      const granted = { tokens: Math.min(own.tokens, shared?.tokens ?? Infinity), cost: Math.min(own.cost, shared?.cost ?? Infinity) };
      return {
        maxOutputTokens: outputWithin(granted, estimate, perOutputToken),
        settle: async (usage) => {
          release();
          this.spentTokens += usage.total_tokens;
          this.spentCost += usage.cost_usd ?? 0;
          if (shared !== null)
            await this.store.settle(shared.id, {
              tokens: usage.total_tokens,
              nanodollars: (usage.cost_usd ?? 0) * NANODOLLARS,
            });
        },
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Counts a call of a tool. Throws `StepError('budget_exceeded')`. */
  async toolCall(step: string): Promise<void> {
    const { tenant, run, counters } = this.params;
    if (run.tool_calls !== undefined && this.toolCalls.size + 1 > run.tool_calls) {
      throw stop('budget_exceeded', `the run may call tools ${run.tool_calls} times`, {
        scope: 'run',
        what: 'tool_calls',
        limit: run.tool_calls,
        used: this.toolCalls.size,
      });
    }
    this.toolCalls.add(step);
    const limited = counters.filter(({ toolCalls }) => toolCalls !== null);
    const shortage = limited.length === 0 ? null : await this.store.countToolCall(tenant, limited);
    if (shortage !== null) throw stop('budget_exceeded', sentence(shortage), detailsOf(shortage));
  }

  private async reserveShared(
    step: string,
    own: { readonly tokens: number; readonly cost: number },
    least: { readonly tokens: number; readonly cost: number },
  ): Promise<{ readonly id: string; readonly tokens: number; readonly cost: number } | null> {
    const { tenant, runId, counters } = this.params;
    const limited = counters.filter(({ tokens, nanodollars }) => tokens !== null || nanodollars !== null);
    if (limited.length === 0) return null;
    const reservation = await this.store.reserve({
      tenant,
      runId,
      step,
      counters: limited,
      wanted: { tokens: own.tokens, nanodollars: own.cost * NANODOLLARS },
      least: { tokens: least.tokens, nanodollars: least.cost * NANODOLLARS },
    });
    if ('shortage' in reservation) throw new BudgetRefusal(sentence(reservation.shortage), detailsOf(reservation.shortage));
    return { id: reservation.id, tokens: reservation.granted.tokens, cost: reservation.granted.nanodollars / NANODOLLARS };
  }
}

/** How long an answer may be so that what was granted suffices. */
function outputWithin(granted: { readonly tokens: number; readonly cost: number }, estimate: CostEstimate, perOutputToken: number): number {
  const byTokens = granted.tokens - estimate.inputTokens;
  const byCost = perOutputToken === 0 ? Infinity : (granted.cost - (estimate.inputCostUsd ?? 0)) / perOutputToken;
  return Math.max(1, Math.floor(Math.min(estimate.outputTokens, byTokens, byCost)));
}

function shortOfRun(what: 'tokens' | 'cost_usd', limit: number, used: number): BudgetRefusal {
  return new BudgetRefusal(`the run's budget of ${limit} ${what === 'tokens' ? 'tokens' : 'US dollars'} is used up`, {
    scope: 'run',
    what,
    limit,
    used,
  });
}

const WHOSE = { session: 'the session', agent: 'the agent, today,', key: 'the key, today,', tenant: 'the tenant, today,' } as const;
const UNITS = { tokens: 'tokens', cost_usd: 'US dollars', tool_calls: 'calls of tools' } as const;

function sentence({ scope, what, limit }: BudgetShortage): string {
  return `the budget of ${WHOSE[scope]} of ${limit} ${UNITS[what]} is used up`;
}

function detailsOf({ scope, what, limit, used }: BudgetShortage): {
  scope: string;
  what: string;
  limit: number;
  used: number;
  retry_after_ms?: number;
} {
  const details = { scope, what, limit, used };
  return scope === 'session' ? details : { ...details, retry_after_ms: DAY_MS - (Date.now() % DAY_MS) };
}
