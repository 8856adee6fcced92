import type { Json, JsonObject } from '../../../engine/index.js';
import { sumUsage, type TokenUsage } from '../../models/index.js';

/** A call of a tool, as the answer lists it. */
export interface ToolUse {
  readonly tool: string;
  readonly input: Json;
  readonly output: Json;
  readonly is_error: boolean;
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

  answered(usage: TokenUsage, durationMs: number, provider: string, model: string, text: string): void {
    this.usage = sumUsage([this.usage, usage]);
    this.modelMs += durationMs;
    this.turns += 1;
    this.provider = provider;
    this.model = `${provider}/${model}`;
    if (text !== '') this.lastText = text;
  }

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
      timing: { total_ms: Math.max(0, now - startedAt), model_ms: this.modelMs, tool_ms: this.toolMs },
      tool_calls: this.toolUses.map(({ is_error, ...use }) => (is_error ? { ...use, is_error } : use)),
      turns: this.turns,
      model: this.model,
      provider: this.provider,
    };
  }
}
