import type { JsonObject } from '../../../../engine/index.js';
import { EgressClient } from '../../../../platform/egress/index.js';
import { decodeBody, objectOf } from '../../../nodes/index.js';
import { contentType, refuseFailure, URL_SCHEMA, WEB_SETTINGS, webLimits } from '../../execution/web-answer.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';
import { pageText } from './page-text.js';

@ToolProvider()
export class WebScrapeTool implements ExecutedTool {
  readonly name = 'web_scrape';
  readonly type = 'builtin';
  readonly description = 'Read the text of a web page. Redirects are followed.';
  readonly inputSchema = objectOf(
    { url: URL_SCHEMA, max_length: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 10_000, description: 'In characters.' } },
    ['url'],
  );
  readonly outputSchema = objectOf(
    {
      content: { type: 'string' },
      title: { type: 'string' },
      url: { type: 'string', description: 'Where it was in the end.' },
      length: { type: 'integer', description: 'Characters of `content`.' },
      truncated: { type: 'boolean' },
    },
    ['content', 'title', 'url', 'length', 'truncated'],
  );
  readonly configSchema = objectOf(WEB_SETTINGS);

  constructor(private readonly egress: EgressClient) {}

  async execute({ input, config, signal }: ToolCall): Promise<JsonObject> {
    const answer = await this.egress.request({
      url: String(input['url']),
      headers: { accept: 'text/html, application/xhtml+xml, text/*;q=0.9' },
      signal,
      ...webLimits(config),
    });
    refuseFailure(answer, 'the page');
    const type = contentType(answer);
    const source = String(decodeBody(answer.body, type, 'text'));
    const { title, text } = /html|^$/i.test(type) ? pageText(source) : { title: '', text: source };
    const content = text.slice(0, Number(input['max_length'] ?? 10_000));
    return { content, title, url: answer.url, length: content.length, truncated: content.length < text.length };
  }
}
