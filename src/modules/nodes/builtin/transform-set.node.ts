import type { Json } from '../../../engine/model/json.js';
import type { NodeCall, StepNodeType } from '../../../engine/ports/node-type.js';
import { NodeTypeProvider } from '../node-type.decorator.js';
import { NO_INPUTS, objectOf } from './schemas.js';

@NodeTypeProvider()
export class TransformSetNode implements StepNodeType {
  readonly type = 'transform.set';
  readonly category = 'transform';
  readonly description = 'Builds a value: each `{{ … }}` in `values` is evaluated, and the result is the output.';
  readonly pure = true;
  readonly configSchema = objectOf({ values: { description: 'The output, with expressions anywhere in it.' } }, ['values']);
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = { description: 'What `values` evaluates to.' };

  async execute({ config }: Pick<NodeCall, 'config'>): Promise<Json> {
    return config['values'] ?? null;
  }
}
