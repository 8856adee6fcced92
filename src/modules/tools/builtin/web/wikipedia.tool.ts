import { type JsonObject, isJsonObject, StepError } from '../../../../engine/index.js';
import { EgressClient, type EgressResponse } from '../../../../platform/egress/index.js';
import { objectOf } from '../../../nodes/index.js';
import { jsonOf, objectOfAnswer, WEB_SETTINGS, webLimits } from '../../execution/web-answer.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';

@ToolProvider()
export class WikipediaTool implements ExecutedTool {
  readonly name = 'wikipedia';
  readonly type = 'builtin';
  readonly description = 'Look up a topic in Wikipedia: its title, a summary and where the article is.';
  readonly inputSchema = objectOf(
    {
      topic: { type: 'string', minLength: 1, maxLength: 300 },
      language: { type: 'string', pattern: '^[a-z]{2,12}(-[a-z]{2,12})*$', default: 'en' },
    },
    ['topic'],
  );
  readonly outputSchema = objectOf({ title: { type: 'string' }, extract: { type: 'string' }, url: { type: 'string' } }, [
    'title',
    'extract',
    'url',
  ]);
  readonly configSchema = objectOf({
    ...WEB_SETTINGS,
    base_url: { type: 'string', default: 'https://{language}.wikipedia.org', description: 'A mirror; `{language}` is filled in.' },
  });

  constructor(private readonly egress: EgressClient) {}

  async execute(call: ToolCall): Promise<JsonObject> {
    const topic = String(call.input['topic']);
    const exact = await this.summary(call, topic);
    if (exact.status !== 404) return summaryOf(exact);
    const title = await this.search(call, topic);
    if (title === null)
      throw new StepError('article_not_found', `Wikipedia has no article about ${JSON.stringify(topic)}`, { retryable: false });
    return summaryOf(await this.summary(call, title));
  }

  private summary(call: ToolCall, title: string): Promise<EgressResponse> {
    return this.get(call, `/api/rest_v1/page/summary/${encodeURIComponent(title.replaceAll(' ', '_'))}`);
  }

  /** The title of the article that fits best. */
  private async search(call: ToolCall, topic: string): Promise<string | null> {
    const answer = jsonOf(
      await this.get(call, `/w/api.php?action=opensearch&format=json&limit=1&search=${encodeURIComponent(topic)}`),
      'Wikipedia',
    );
    const titles = Array.isArray(answer) ? answer[1] : null;
    const title = Array.isArray(titles) ? titles[0] : null;
    return typeof title === 'string' ? title : null;
  }

  private get({ input, config, signal }: ToolCall, path: string): Promise<EgressResponse> {
    const base = String(config['base_url'] ?? 'https://{language}.wikipedia.org').replace('{language}', String(input['language'] ?? 'en'));
    return this.egress.request({
      url: `${base.replace(/\/$/, '')}${path}`,
      headers: { accept: 'application/json', 'user-agent': 'heddle (self-hosted server)' },
      signal,
      ...webLimits(config),
    });
  }
}

function summaryOf(response: EgressResponse): JsonObject {
  const { title, extract, content_urls: urls } = objectOfAnswer(response, 'Wikipedia');
  const desktop = isJsonObject(urls) ? urls['desktop'] : undefined;
  const page = isJsonObject(desktop) ? desktop['page'] : undefined;
  return { title: textOf(title), extract: textOf(extract), url: textOf(page) };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
