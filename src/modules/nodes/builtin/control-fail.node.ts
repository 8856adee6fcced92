import { StepError } from '../../../engine/model/step-error.js';
import type { NodeCall, StepNodeType } from '../../../engine/ports/node-type.js';
import { NodeTypeProvider } from '../node-type.decorator.js';
import { NO_INPUTS, objectOf } from './schemas.js';

@NodeTypeProvider()
export class ControlFailNode implements StepNodeType {
  readonly type = 'control.fail';
  readonly category = 'control';
  readonly description = 'Fails on purpose, with a message and a code that `on_error` and expressions can tell apart. Never tried again.';
  readonly pure = true;
  readonly configSchema = objectOf(
    {
      message: { type: 'string', maxLength: 10_000, description: 'Shown as the error of the step and of the run.' },
      code: { type: 'string', pattern: '^[a-z][a-z0-9_]{0,63}$', default: 'failed', description: 'Word code of the error.' },
      details: { description: 'Any value, kept with the error.' },
    },
    ['message'],
  );
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = { not: {} };

  async execute({ config }: Pick<NodeCall, 'config'>): Promise<never> {
    const code = typeof config['code'] === 'string' ? config['code'] : 'failed';
    throw new StepError(code, String(config['message']), { retryable: false, details: config['details'] });
  }
}
