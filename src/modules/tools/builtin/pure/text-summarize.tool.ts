import type { JsonObject } from '../../../../engine/index.js';
import { objectOf } from '../../../nodes/index.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';
import { extractiveSummary } from './summary.js';

/** Shorter texts are their own summary. */
const SHORT_TEXT = 500;

@ToolProvider()
export class TextSummarizeTool implements ExecutedTool {
  readonly name = 'text_summarize';
  readonly type = 'builtin';
  readonly description = 'Summarize a text by its most telling sentences, word for word and in their order. No model is asked.';
  readonly inputSchema = objectOf(
    {
      text: { type: 'string', maxLength: 500_000, description: 'What to summarize; shorter than 500 characters it is left as it is.' },
      max_length: { type: 'integer', minimum: 10, maximum: 5_000, default: 200, description: 'Longest summary, in words.' },
    },
    ['text'],
  );
  readonly outputSchema = objectOf({ summary: { type: 'string' }, was_summarized: { type: 'boolean' } }, ['summary', 'was_summarized']);

  execute({ input }: Pick<ToolCall, 'input'>): Promise<JsonObject> {
    const text = String(input['text']);
    if (text.length < SHORT_TEXT) return Promise.resolve({ summary: text, was_summarized: false });
    return Promise.resolve({ summary: extractiveSummary(text, Number(input['max_length'] ?? 200)), was_summarized: true });
  }
}
