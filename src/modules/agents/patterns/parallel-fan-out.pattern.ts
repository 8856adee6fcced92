import { Injectable } from '@nestjs/common';
import { isJsonObject, type JsonObject } from '../../../engine/index.js';
import type { AgentRun } from '../loop/agent-run.js';
import { ModelTurns } from '../loop/model-turns.js';
import { ReactLoop, refuseBroken } from '../loop/react-loop.js';
import { parseLoosely } from '../loop/structured-output.js';
import { inOrder } from './in-order.js';
import { type PatternRunner, type PatternTask, system, user } from './pattern.js';

const MAX_PARTS = 4;
const PARTS_SCHEMA: JsonObject = { type: 'array', items: { type: 'string' }, minItems: 2, maxItems: MAX_PARTS };

/** A planner cuts the task into two to four parts, workers do all at the same time, and a synthesizer puts them together. */
@Injectable()
export class ParallelFanOutPattern implements PatternRunner {
  constructor(
    private readonly models: ModelTurns,
    private readonly loop: ReactLoop,
  ) {}

  async run(run: AgentRun, task: PatternTask): Promise<{ readonly text: string }> {
    const parts = (await this.parts(run, task)).map((text, index) => ({ id: String(index + 1), text, needs: [] }));
    const results = await inOrder(parts, MAX_PARTS, async ({ id, text }) => {
      const told = system(task.system, `You do one part of a larger task, which is: ${task.query}`);
      const outcome = await this.loop.run(run, { prefix: `part-${id}/`, role: 'worker', messages: [told, user(text)], speaks: false });
      return outcome.text;
    });
    const told = parts.map(({ id, text }) => `Part ${id} (${text}):\n${results.get(id) ?? ''}`).join('\n\n');
    return this.loop.run(run, {
      prefix: 'answer/',
      role: 'synthesizer',
      messages: [
        system(task.system, 'Answer the task from what was found out about its parts.'),
        ...task.history,
        user(`${task.query}\n\n${told}`),
      ],
      speaks: true,
      schema: task.schema,
      onAnswer: task.onAnswer,
    });
  }

  private async parts(run: AgentRun, task: PatternTask): Promise<readonly string[]> {
    const asked = `Cut the task into two to ${MAX_PARTS} parts that can be done independently. Answer with a JSON list of texts only.`;
    const answer = await this.models.ask(run, 'plan/model', {
      role: 'planner',
      messages: [system(task.system, asked), ...task.history, user(task.query)],
      schema: PARTS_SCHEMA,
      speaks: false,
    });
    refuseBroken(answer);
    const value = parseLoosely(answer.text);
    const listed = isJsonObject(value) ? Object.values(value).find(Array.isArray) : value;
    const parts = Array.isArray(listed) ? listed.filter((part): part is string => typeof part === 'string').slice(0, MAX_PARTS) : [];
    return parts.length === 0 ? [task.query] : parts;
  }
}
