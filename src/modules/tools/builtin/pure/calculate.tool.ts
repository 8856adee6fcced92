import { compileTemplate, TemplateError } from '../../../../engine/expressions/index.js';
import { type Json, type JsonObject, isJsonObject, StepError } from '../../../../engine/index.js';
import { ANY, objectOf } from '../../../nodes/index.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';

@ToolProvider()
export class CalculateTool implements ExecutedTool {
  readonly name = 'calculate';
  readonly type = 'builtin';
  readonly description = 'Evaluate an expression (CEL): arithmetic, comparisons, lists and texts. Named values are read as `inputs.name`.';
  readonly inputSchema = objectOf(
    {
      expression: { type: 'string', minLength: 1, maxLength: 10_000, description: 'E.g. `inputs.price * 1.19 + 2`.' },
      values: { type: 'object', default: {}, description: 'Read as `inputs`.' },
    },
    ['expression'],
  );
  readonly outputSchema = objectOf({ result: ANY }, ['result']);

  execute({ input }: Pick<ToolCall, 'input'>): Promise<JsonObject> {
    const values = isJsonObject(input['values']) ? input['values'] : {};
    return Promise.resolve({ result: evaluated(String(input['expression']), values) });
  }
}

function evaluated(expression: string, inputs: JsonObject): Json {
  try {
    return compileTemplate(`{{ ${expression} }}`).evaluate({ inputs, nodes: {}, env: {}, secrets: {} } as never);
  } catch (error) {
    if (error instanceof StepError || error instanceof TemplateError) {
      throw new StepError('invalid_expression', error.message, { retryable: false });
    }
    throw error;
  }
}
