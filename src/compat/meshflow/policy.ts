import { isJsonObject, type Json, type JsonObject } from '../../engine/index.js';
import { MESH_MODES } from '../../modules/workflows/index.js';
import { BadRequestError } from '../../platform/errors/app-error.js';

const DEFAULTS = { budget_tokens: 500_000, timeout_s: 300, max_steps: 50 } as const;
const LONGEST_S = 86_400;
/** Agents of the longest of the workflows that `/run` runs. */
const STEPS = 4;

/** What a run may spend, and how long it may take. */
export interface RunPolicy {
  readonly budget_usd: number;
  readonly budget_tokens: number;
  readonly timeout_s: number;
}

/** The policy of a request, what it leaves out filled in. Members that nobody knows are passed over, as the original does. Throws 400. */
export function runPolicy(policy: JsonObject): RunPolicy {
  const named = policy['mode'] ?? 'standard';
  const mode = typeof named === 'string' ? MESH_MODES[named] : undefined;
  if (mode === undefined) throw fault('mode', `must be one of ${Object.keys(MESH_MODES).join(', ')}`);
  if (numberOr(policy, 'max_steps', DEFAULTS.max_steps) < STEPS)
    throw fault('max_steps', `must be at least ${STEPS}, the steps of the pipeline`);
  return {
    budget_usd: numberOr(policy, 'budget_usd', mode.budgetUsd),
    budget_tokens: Math.floor(numberOr(policy, 'budget_tokens', DEFAULTS.budget_tokens)),
    timeout_s: Math.min(LONGEST_S, numberOr(policy, 'timeout_s', DEFAULTS.timeout_s)),
  };
}

/** What of its policy a request gives a workflow of its own: budgets that it does not name are the workflow's. */
export function namedBudgets(policy: JsonObject): JsonObject {
  const { budget_usd, budget_tokens } = runPolicy(policy);
  return { ...('budget_usd' in policy ? { budget_usd } : {}), ...('budget_tokens' in policy ? { budget_tokens } : {}) };
}

function numberOr(policy: JsonObject, member: string, otherwise: number): number {
  const value: Json = policy[member] ?? otherwise;
  if (typeof value !== 'number' || value < 0) throw fault(member, 'must be a number of at least 0');
  return value;
}

function fault(member: string, message: string): BadRequestError {
  return new BadRequestError('the policy is not valid', [{ path: `/policy/${member}`, code: 'policy', message }]);
}

/** A short and easy task is for one agent, by the rules of the original: two of its four signs have to be there. */
export function isSimple(task: string): boolean {
  const words = task.split(/\s+/).filter((word) => word !== '').length;
  const text = task.toLowerCase();
  const signs = [words < 50, text.includes('simple'), text.includes('quick'), text.includes('summarize') && words < 100];
  return signs.filter(Boolean).length >= 2;
}

/** The workflow for a task, as a MeshFlow document. */
export function pipelineFor(task: string): JsonObject & { readonly name: string } {
  const roles = isSimple(task) ? ['executor'] : ['planner', 'researcher', 'executor', 'critic'];
  return {
    name: isSimple(task) ? 'meshflow/single' : 'meshflow/pipeline',
    description: isSimple(task) ? 'What POST /run does with a simple task' : 'What POST /run does with a task',
    nodes: Object.fromEntries(roles.map((role) => [role, { kind: 'native', role, risk: 'internal' }])),
    edges: roles.length === 1 ? [] : [roles.join(' -> ')],
  };
}

export function objectOr(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
