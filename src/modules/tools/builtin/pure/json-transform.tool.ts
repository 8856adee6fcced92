import { type Json, StepError } from '../../../../engine/index.js';
import { ANY, objectOf, parseJson } from '../../../nodes/index.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';
import { renderTemplate } from './render-template.js';

@ToolProvider()
export class JsonTransformTool implements ExecutedTool {
  readonly name = 'json_transform';
  readonly type = 'builtin';
  readonly description = 'Transform data with a Jinja template that gives JSON.';
  readonly inputSchema = objectOf(
    {
      data: { description: 'Seen by the template as `data`; the members of an object also by their names.' },
      template: { type: 'string', minLength: 1, maxLength: 100_000, description: 'Jinja, e.g. {"total": {{ data.items | length }} }.' },
    },
    ['data', 'template'],
  );
  readonly outputSchema = ANY;

  async execute({ input, signal }: Pick<ToolCall, 'input' | 'signal'>): Promise<Json> {
    const text = await renderTemplate({ template: String(input['template']), data: JSON.stringify(input['data']) }, signal);
    try {
      return parseJson(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : '';
      throw new StepError('invalid_json', `what the template gives is no JSON: ${reason}`, {
        retryable: false,
        details: { text: text.slice(0, 500) },
      });
    }
  }
}
