import { Injectable } from '@nestjs/common';
import { type BudgetLimits, type BudgetName, ModelsFile, SHARED_BUDGETS } from '../../models/index.js';
import type { AgentRequest, LoadedAgent } from '../loop/agent-run.js';
import { type BudgetCounter, type BudgetScope, NANODOLLARS } from './budget-room.js';
import { BudgetStore } from './budget-store.js';
import { RunBudget } from './run-budget.js';
import { RunKeys } from './run-keys.js';

/** Which limits apply to a run: the agent's own, and those that the operator sets for everybody. The narrower one counts. */
@Injectable()
export class BudgetPlan {
  constructor(
    private readonly store: BudgetStore,
    private readonly keys: RunKeys,
    private readonly file: ModelsFile,
  ) {}

  async budgetFor(tenant: string, runId: string, agent: LoadedAgent, request: AgentRequest): Promise<RunBudget> {
    const limitsOf = (name: BudgetName): BudgetLimits => narrower(agent.definition.budget?.[name] ?? {}, this.file.budgets[name] ?? {});
    const limitsKeys = [limitsOf('key'), limitsOf('key_day')].some((limits) => Object.keys(limits).length > 0);
    const subjects: Readonly<Record<BudgetScope, string | null>> = {
      session: request.session === null ? null : `${agent.id} ${request.session}`,
      agent: agent.id,
      key: limitsKeys ? (request.keyId ?? (await this.keys.keyOf(runId))) : null,
      tenant,
    };
    const counters = SHARED_BUDGETS.flatMap(({ name, scope, daily }): BudgetCounter[] => {
      const [limits, subject] = [limitsOf(name), subjects[scope]];
      return subject === null || Object.keys(limits).length === 0 ? [] : [{ scope, subject, daily, limits: counted(limits) }];
    });
    return new RunBudget(this.store, { tenant, runId, run: limitsOf('run'), counters });
  }
}

function counted({ tokens, cost_usd: cost, tool_calls: toolCalls, wall_time_ms: wallMs }: BudgetLimits): BudgetCounter['limits'] {
  return {
    tokens: tokens ?? null,
    nanodollars: cost === undefined ? null : Math.floor(cost * NANODOLLARS),
    toolCalls: toolCalls ?? null,
    wallMs: wallMs ?? null,
  };
}

function narrower(a: BudgetLimits, b: BudgetLimits): BudgetLimits {
  const names = new Set([...Object.keys(a), ...Object.keys(b)] as (keyof BudgetLimits)[]);
  return Object.fromEntries([...names].map((name) => [name, Math.min(a[name] ?? Infinity, b[name] ?? Infinity)]));
}
