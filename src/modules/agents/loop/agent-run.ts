import type { DurableCall, JsonObject, StepError } from '../../../engine/index.js';
import type { ModelBlock, ModelChoice } from '../../models/index.js';
import type { RunBudget } from '../budgets/run-budget.js';
import type { AgentDefinition } from '../definition/agent-definition.js';
import { stop } from './stop.js';
import type { Tally } from './tally.js';
import type { ToolBox } from './tool-box.js';

/** A message of the conversation that was held elsewhere. */
export interface SaidBefore {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** What is asked of an agent. */
export interface AgentRequest {
  readonly query: string;
  /** What was said before, oldest first, besides what is remembered of the session. */
  readonly history: readonly SaidBefore[];
  readonly session: string | null;
  /** Whom the conversation is about, for memory. */
  readonly subject: string | null;
  readonly context: JsonObject;
  /** `provider/model` or a model's name among the agent's own: asked instead of what routing says. */
  readonly model: string | null;
  /** Instead of the agent's own instructions. */
  readonly instructions: string | null;
  readonly keyId: string | null;
}

/** A version of an agent. */
export interface LoadedAgent {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly definition: AgentDefinition;
}

/** One agent at work within a step of a run. Agents that take over from it share everything but who they are. */
export class AgentRun {
  constructor(
    readonly call: DurableCall,
    readonly agent: LoadedAgent,
    readonly request: AgentRequest,
    readonly tools: ToolBox,
    readonly tally: Tally,
    readonly budget: RunBudget,
    /** Epoch milliseconds. */
    readonly startedAt: number,
    /** Limits of the run, milliseconds since its start. */
    private readonly limits: { readonly timeoutMs: number | null; readonly wallTimeMs: number | null },
  ) {}

  get definition(): AgentDefinition {
    return this.agent.definition;
  }

  as(agent: LoadedAgent, tools: ToolBox): AgentRun {
    return new AgentRun(this.call, agent, this.request, tools, this.tally, this.budget, this.startedAt, this.limits);
  }

  /** Which models a role may ask. */
  choice(role: string): ModelChoice {
    const { model, orchestration = {} } = this.definition;
    const { roles = {} } = model;
    const mapped = roles[orchestration.role_map?.[role] ?? ''] ?? roles[role];
    const own = mapped ?? { candidates: [model.primary, ...(model.fallback ?? [])], routing: model.routing };
    const { candidates, routing = 'quality_first' } = own;
    return this.request.model === null
      ? { candidates, routing }
      : { candidates: chosen(candidates, this.request.model), routing: 'quality_first' };
  }

  /** The limit that is reached first, if there is one: when, in epoch milliseconds, and what it is told as. */
  limit(): { readonly at: number; readonly error: StepError } | null {
    const { timeoutMs, wallTimeMs } = this.limits;
    const from = this.startedAt + this.tally.waitedMs;
    const [first] = [
      ...(timeoutMs === null
        ? []
        : [{ at: from + timeoutMs, error: stop('deadline_exceeded', `the agent did not finish within ${timeoutMs} ms`) }]),
      ...(wallTimeMs === null
        ? []
        : [{ at: from + wallTimeMs, error: stop('budget_exceeded', `the run's budget of ${wallTimeMs} ms is used up`) }]),
    ].sort((a, b) => a.at - b.at);
    return first ?? null;
  }

  /**
   * The signal of work that begins now: the step's own, and the limits of the run. Throws when a limit is over. Work that is
   * recorded is never refused: a limit does not undo what was done in time.
   */
  within(signal: AbortSignal): { readonly signal: AbortSignal; readonly done: () => void } {
    const limit = this.limit();
    if (limit === null) return { signal, done: () => undefined };
    const left = limit.at - Date.now();
    if (left <= 0) throw limit.error;
    const controller = new AbortController();
    const follow = (): void => controller.abort(signal.reason);
    if (signal.aborted) follow();
    signal.addEventListener('abort', follow, { once: true });
    const timer = setTimeout(() => controller.abort(limit.error), Math.min(left, 2_000_000_000));
    return {
      signal: controller.signal,
      done: () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', follow);
      },
    };
  }
}

function chosen(candidates: readonly ModelBlock[], wanted: string): readonly ModelBlock[] {
  const known = candidates.filter(({ provider, model }) => model === wanted || `${provider}/${model}` === wanted);
  if (known.length > 0) return [...known, ...candidates.filter((block) => !known.includes(block))];
  const [first] = candidates;
  if (first === undefined) return candidates;
  const slash = wanted.indexOf('/');
  const provider = slash > 0 ? wanted.slice(0, slash) : first.provider;
  // Another model of a provider that the agent uses, with the same key and address.
  const alike = candidates.find((block) => block.provider === provider) ?? first;
  return [{ ...alike, model: alike.provider === provider && slash > 0 ? wanted.slice(slash + 1) : wanted }];
}
