import { Injectable } from '@nestjs/common';
import type { AgentRun } from '../loop/agent-run.js';
import { ReactLoop } from '../loop/react-loop.js';
import { type PatternRunner, type PatternTask, system, user } from './pattern.js';

const STAGES = [
  { name: 'analyze', instructions: 'Analyze the task: what is asked, what is known, what has to be found out.' },
  { name: 'process', instructions: 'Do what the task asks, on the basis of the analysis.' },
  { name: 'synthesize', instructions: 'Write the final answer to the task from what was worked out.' },
] as const;

/** Stages one after the other; what one gives is what the next one gets. */
@Injectable()
export class PipelinePattern implements PatternRunner {
  constructor(private readonly loop: ReactLoop) {}

  async run(run: AgentRun, task: PatternTask): Promise<{ readonly text: string }> {
    const stages = run.definition.orchestration?.stages ?? STAGES;
    let text = '';
    for (const [index, stage] of stages.entries()) {
      const isLast = index === stages.length - 1;
      const input = index === 0 ? task.query : `The task: ${task.query}\n\nFrom the stage before:\n${text}`;
      const outcome = await this.loop.run(run, {
        prefix: `${stage.name}/`,
        role: `stage:${stage.name}`,
        messages: [system(task.system, stage.instructions), ...(index === 0 ? task.history : []), user(input)],
        speaks: isLast,
        ...(isLast ? { schema: task.schema, onAnswer: task.onAnswer } : {}),
      });
      text = outcome.text;
    }
    return { text };
  }
}
