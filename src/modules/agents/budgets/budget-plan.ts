import { Injectable } from '@nestjs/common';
import { type BudgetLimits, ModelsFile } from '../../models/index.js';
import type { AgentRequest, LoadedAgent } from '../loop/agent-run.js';
import { type BudgetCounter, type BudgetScope, BudgetStore, NANODOLLARS } from './budget-store.js';
import { RunBudget } from './run-budget.js';

/** Which limits apply to a run: the agent's own, and those that the operator sets for everybody. The narrower one counts. */
@Injectable()
export class BudgetPlan {
  constructor(
    private readonly store: BudgetStore,
    private readonly file: ModelsFile,
  ) {}

  budgetFor(tenant: string, runId: string, agent: LoadedAgent, request: AgentRequest): RunBudget {
    const { run = {}, session, agent_day: agentDay, key_day: keyDay, tenant_day: tenantDay } = agent.definition.budget ?? {};
    const { budgets } = this.file;
    const counters = [
      ...(request.session === null ? [] : counter('session', `${agent.id} ${request.session}`, false, session)),
      ...counter('agent', agent.id, true, agentDay),
      ...(request.keyId === null ? [] : counter('key', request.keyId, true, narrower(keyDay, budgets.key_day))),
      ...counter('tenant', tenant, true, narrower(tenantDay, budgets.tenant_day)),
    ];
    return new RunBudget(this.store, { tenant, runId, run, counters });
  }
}

function counter(scope: BudgetScope, subject: string, daily: boolean, limits: BudgetLimits | undefined): BudgetCounter[] {
  if (limits === undefined || Object.keys(limits).length === 0) return [];
  const { tokens, cost_usd: cost, tool_calls: toolCalls } = limits;
  return [
    {
      scope,
      subject,
      daily,
      tokens: tokens ?? null,
      nanodollars: cost === undefined ? null : Math.floor(cost * NANODOLLARS),
      toolCalls: toolCalls ?? null,
    },
  ];
}

function narrower(a: BudgetLimits | undefined, b: BudgetLimits | undefined): BudgetLimits | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const least = (name: keyof BudgetLimits): Partial<BudgetLimits> => {
    const values = [a[name], b[name]].filter((value): value is number => value !== undefined);
    return values.length === 0 ? {} : { [name]: Math.min(...values) };
  };
  return { ...least('tokens'), ...least('cost_usd'), ...least('tool_calls') };
}
