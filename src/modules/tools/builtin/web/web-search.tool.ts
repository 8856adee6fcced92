import { type Json, type JsonObject, isJsonObject } from '../../../../engine/index.js';
import { EgressClient } from '../../../../platform/egress/index.js';
import { objectOf } from '../../../nodes/index.js';
import { notConfigured, ToolSettings } from '../../execution/tool-settings.js';
import { objectOfAnswer, URL_SCHEMA, WEB_SETTINGS, webLimits } from '../../execution/web-answer.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';

const TAVILY = 'https://api.tavily.com';
const API_KEY = { name: 'api_key', secret: 'SEARCH_API_KEY' } as const;
const BASE_URL = { name: 'base_url', secret: 'SEARCH_URL' } as const;

@ToolProvider()
export class WebSearchTool implements ExecutedTool {
  readonly name = 'web_search';
  readonly type = 'builtin';
  readonly description = 'Search the web for current information.';
  readonly inputSchema = objectOf(
    {
      query: { type: 'string', minLength: 1, maxLength: 1_000 },
      max_results: { type: 'integer', minimum: 1, maximum: 20, default: 5 },
    },
    ['query'],
  );
  readonly outputSchema = objectOf(
    {
      results: {
        type: 'array',
        items: objectOf(
          { title: { type: 'string' }, url: { type: 'string' }, content: { type: 'string' }, score: { type: ['number', 'null'] } },
          ['title', 'url', 'content', 'score'],
        ),
      },
    },
    ['results'],
  );
  readonly configSchema = objectOf({
    ...WEB_SETTINGS,
    provider: {
      type: 'string',
      enum: ['tavily', 'searxng'],
      description: 'Without it: `tavily` with a key, else `searxng` with an address.',
    },
    api_key: { type: 'string', description: 'Key for Tavily, or `{{ secrets.NAME }}`; without it HEDDLE_SECRET_SEARCH_API_KEY.' },
    base_url: {
      ...URL_SCHEMA,
      description: 'Address of SearXNG (with JSON enabled), or of something that answers like Tavily; without it HEDDLE_SECRET_SEARCH_URL.',
    },
  });

  constructor(
    private readonly egress: EgressClient,
    private readonly settings: ToolSettings,
  ) {}

  async execute(call: ToolCall): Promise<JsonObject> {
    const key = this.settings.find(call, API_KEY);
    const baseUrl = this.settings.find(call, BASE_URL);
    const provider = call.config['provider'] ?? (key === undefined && baseUrl !== undefined ? 'searxng' : 'tavily');
    const count = Number(call.input['max_results'] ?? 5);
    const found = provider === 'searxng' ? await this.searxng(call, baseUrl) : await this.tavily(call, key, baseUrl ?? TAVILY, count);
    return { results: found.slice(0, count) };
  }

  private async tavily(call: ToolCall, key: string | undefined, baseUrl: string, count: number): Promise<Json[]> {
    if (key === undefined) {
      throw notConfigured(
        'set "api_key" in the config of the tool or HEDDLE_SECRET_SEARCH_API_KEY (Tavily), or HEDDLE_SECRET_SEARCH_URL (SearXNG), for the server',
        ['api_key', 'base_url'],
      );
    }
    const answer = await this.egress.request({
      url: `${baseUrl.replace(/\/$/, '')}/search`,
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query: call.input['query'], max_results: count }),
      signal: call.signal,
      followRedirects: false,
      ...webLimits(call.config),
    });
    return resultsOf(objectOfAnswer(answer, 'the search'));
  }

  private async searxng(call: ToolCall, baseUrl: string | undefined): Promise<Json[]> {
    const url = new URL(`${(baseUrl ?? this.settings.require(call, BASE_URL)).replace(/\/$/, '')}/search`);
    url.searchParams.set('q', String(call.input['query']));
    url.searchParams.set('format', 'json');
    const answer = await this.egress.request({ url, signal: call.signal, ...webLimits(call.config) });
    return resultsOf(objectOfAnswer(answer, 'the search'));
  }
}

function resultsOf(answer: JsonObject): Json[] {
  const results = Array.isArray(answer['results']) ? answer['results'] : [];
  return results.filter(isJsonObject).map(({ title, url, content, score }) => ({
    title: textOf(title),
    url: textOf(url),
    content: textOf(content),
    score: typeof score === 'number' ? score : null,
  }));
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
