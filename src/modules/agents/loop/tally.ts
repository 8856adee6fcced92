import type { Json, JsonObject } from '../../../engine/index.js';
import { type ModelAttempt, sumUsage, type TokenUsage } from '../../models/index.js';

/** A call of a tool, as the answer lists it. */
export interface ToolUse {
  readonly tool: string;
  readonly input: Json;
  readonly output: Json;
  readonly is_error: boolean;
}

/** What one model has used in one role, calls that failed among it. */
interface ModelUse extends TokenUsage {
  readonly provider: string;
  readonly model: string;
  readonly role: string;
  readonly calls: number;
}

/** An answer of a model, as its step recorded it. */
interface Answered {
  readonly role: string;
  readonly usage: TokenUsage;
  readonly duration_ms: number;
  readonly provider: string;
  readonly model: string;
  readonly text: string;
  readonly attempts: readonly ModelAttempt[];
}

const NOTHING: TokenUsage = { input_tokens: 0, output_tokens: 0, total_tokens: 0, cost_usd: 0 };

/** What one run of an agent has used so far. Told from journaled steps, so that it is the same after a crash. */
export class Tally {
  usage: TokenUsage = NOTHING;
  modelMs = 0;
  toolMs = 0;
  /** Milliseconds that people took to decide; no limit counts them. */
  waitedMs = 0;
  turns = 0;
  /** Whoever answered last. */
  provider: string | null = null;
  model: string | null = null;
  /** The last that was said, for an answer that was not reached. */
  lastText = '';
  readonly toolUses: ToolUse[] = [];
  private readonly modelUses = new Map<string, ModelUse>();

  answered({ role, usage, duration_ms: durationMs, provider, model, text, attempts }: Answered): void {
    for (const attempt of attempts) this.attempted(role, attempt);
    this.usage = sumUsage([this.usage, usage]);
    this.modelMs += durationMs;
    this.turns += 1;
    this.provider = provider;
    this.model = `${provider}/${model}`;
    if (text !== '') this.lastText = text;
  }

  private attempted(role: string, { provider, model, usage }: ModelAttempt): void {
    const key = JSON.stringify([provider, model, role]);
    const { calls, ...before } = this.modelUses.get(key) ?? { ...NOTHING, calls: 0 };
    this.modelUses.set(key, { provider, model, role, calls: calls + 1, ...sumUsage([before, usage]) });
  }

  /** Of other agents that worked for this one. */
  spent(usage: TokenUsage): void {
    this.usage = sumUsage([this.usage, usage]);
  }

  tool(use: ToolUse, durationMs: number): void {
    this.toolUses.push(use);
    this.toolMs += durationMs;
  }

  /** As answers and errors tell it. */
  summary(startedAt: number, now: number): JsonObject {
    return {
      usage: { ...this.usage },
      usage_by_model: [...this.modelUses.values()].map((use) => ({ ...use })),
      timing: { total_ms: Math.max(0, now - startedAt), model_ms: this.modelMs, tool_ms: this.toolMs },
      tool_calls: this.toolUses.map(({ is_error, ...use }) => (is_error ? { ...use, is_error } : use)),
      turns: this.turns,
      model: this.model,
      provider: this.provider,
    };
  }
}
