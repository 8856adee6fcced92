import { Injectable } from '@nestjs/common';
import { canonicalJson } from '../../../engine/model/canonical-json.js';
import type { Json, JsonObject } from '../../../engine/index.js';
import type { ChatMessage } from '../../models/index.js';
import { DEFAULT_MAX_ITERATIONS, DEFAULT_MAX_REPEATS } from '../definition/agent-definition.js';
import type { AgentRun } from './agent-run.js';
import { ModelTurns, type RecordedAnswer } from './model-turns.js';
import { stop } from './stop.js';
import { loopStop, resultsMessage, ToolCalls, type ToolResult } from './tool-calls.js';

export interface ReactTask {
  /** Path of the loop within the agent, '' or `step-1/`. */
  readonly prefix: string;
  readonly role: string;
  readonly messages: readonly ChatMessage[];
  readonly speaks: boolean;
  readonly schema?: JsonObject | undefined;
  /** Looks at each answer without calls of tools; what it gives back is said to the model, which then goes on. Null: it is the last. */
  readonly onAnswer?: (answer: RecordedAnswer, turn: number) => Promise<readonly ChatMessage[] | null>;
}

export interface ReactOutcome {
  readonly text: string;
  /** The whole conversation, the last answer included. */
  readonly messages: readonly ChatMessage[];
  /** Turns that were taken. */
  readonly turns: number;
}

/** A model that acts and looks at what came of it until it has nothing more to do. Every pattern is made of this. */
@Injectable()
export class ReactLoop {
  constructor(
    private readonly models: ModelTurns,
    private readonly tools: ToolCalls,
  ) {}

  async run(run: AgentRun, task: ReactTask): Promise<ReactOutcome> {
    const { max_iterations: limit = DEFAULT_MAX_ITERATIONS, max_repeats: repeats = DEFAULT_MAX_REPEATS } =
      run.definition.orchestration ?? {};
    const guard = new LoopGuard(repeats);
    const messages = [...task.messages];
    for (let turn = 1; turn <= limit; turn++) {
      const key = `${task.prefix}turn-${turn}`;
      const answer = await this.models.ask(run, `${key}/model`, {
        role: task.role,
        messages,
        tools: run.tools.forModels(),
        schema: task.schema,
        speaks: task.speaks,
      });
      messages.push(answer.message);
      refuseBroken(answer);
      if (answer.toolCalls.length === 0) {
        const more = (await task.onAnswer?.(answer, turn)) ?? null;
        if (more === null) return { text: answer.text, messages, turns: turn };
        messages.push(...more);
        continue;
      }
      const results = await this.tools.run(run, key, answer.toolCalls);
      for (const result of results) guard.look(result);
      messages.push(resultsMessage(results));
    }
    throw stop('max_iterations', `the agent was not done after ${limit} turns`);
  }
}

/** An answer that is not whole is none. */
export function refuseBroken({ finishReason, text }: RecordedAnswer): void {
  if (finishReason === 'content_filter') throw stop('content_filtered', 'the provider withheld the answer');
  if (finishReason === 'length') throw stop('output_truncated', 'the answer was cut off at its longest length', { partial: text });
}

/** Recognises that nothing moves: the same call with the same result, again and again. */
class LoopGuard {
  private last = '';
  private times = 0;

  constructor(private readonly limit: number) {}

  look({ call, input, output }: ToolResult): void {
    const seen = canonicalJson([call.name, input, output] as Json);
    this.times = seen === this.last ? this.times + 1 : 1;
    this.last = seen;
    if (this.times >= this.limit) throw loopStop(call.name, this.times);
  }
}
