import type { Json, JsonObject } from '../../../engine/model/json.js';
import type { LogLevel, NodeCall, StepNodeType } from '../../../engine/ports/node-type.js';
import { NodeTypeProvider } from '../node-type.decorator.js';
import { NO_INPUTS, objectOf } from './schemas.js';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

@NodeTypeProvider()
export class DebugLogNode implements StepNodeType {
  readonly type = 'debug.log';
  readonly category = 'debug';
  readonly description = 'Writes a line to the log of the run.';
  // Its only effect is on the run's own journal, which commits in order: it needs no durable past.
  readonly pure = true;
  readonly configSchema = objectOf(
    {
      message: { description: 'What to log; anything but text is logged as JSON.' },
      level: { type: 'string', enum: [...LEVELS], default: 'info', description: 'How loud the line is.' },
    },
    ['message'],
  );
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = objectOf({ message: { type: 'string' } }, ['message']);

  async execute(call: Pick<NodeCall, 'config' | 'log'>): Promise<JsonObject> {
    const message = textOf(call.config['message'] ?? null);
    call.log(levelOf(call.config['level']), message);
    return { message };
  }
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function levelOf(value: Json | undefined): LogLevel {
  return LEVELS.find((level) => level === value) ?? 'info';
}
