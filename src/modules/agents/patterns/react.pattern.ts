import { Injectable } from '@nestjs/common';
import type { AgentRun } from '../loop/agent-run.js';
import { ReactLoop } from '../loop/react-loop.js';
import { type PatternRunner, type PatternTask, system, user } from './pattern.js';

/** One model that acts until it is done. */
@Injectable()
export class ReactPattern implements PatternRunner {
  constructor(private readonly loop: ReactLoop) {}

  run(run: AgentRun, { system: told, history, query, schema, onAnswer }: PatternTask): Promise<{ readonly text: string }> {
    return this.loop.run(run, {
      prefix: '',
      role: 'reasoner',
      messages: [...(told === '' ? [] : [system(told)]), ...history, user(query)],
      speaks: true,
      schema,
      onAnswer,
    });
  }
}
