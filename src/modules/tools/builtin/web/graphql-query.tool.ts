import type { Json } from '../../../../engine/index.js';
import { EgressClient } from '../../../../platform/egress/index.js';
import { ANY, objectOf } from '../../../nodes/index.js';
import { HEADERS_SCHEMA, headersOf, jsonOf, URL_SCHEMA, WEB_SETTINGS, webLimits } from '../../execution/web-answer.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';

@ToolProvider()
export class GraphqlQueryTool implements ExecutedTool {
  readonly name = 'graphql_query';
  readonly type = 'builtin';
  readonly description = 'Send a GraphQL query or mutation. The answer is the JSON of the endpoint, with its `data` and `errors`.';
  readonly repeatable = false;
  readonly inputSchema = objectOf(
    {
      endpoint: URL_SCHEMA,
      query: { type: 'string', minLength: 1, maxLength: 200_000 },
      variables: { type: 'object' },
      headers: HEADERS_SCHEMA,
    },
    ['endpoint', 'query'],
  );
  readonly outputSchema = ANY;
  readonly configSchema = objectOf(WEB_SETTINGS);

  constructor(private readonly egress: EgressClient) {}

  async execute({ input, config, signal }: ToolCall): Promise<Json> {
    const { endpoint, query, variables, headers } = input;
    const answer = await this.egress.request({
      url: String(endpoint),
      method: 'POST',
      headers: { accept: 'application/json', ...headersOf(headers), 'content-type': 'application/json' },
      body: JSON.stringify({ query, ...(variables === undefined ? {} : { variables }) }),
      signal,
      ...webLimits(config),
    });
    return jsonOf(answer, 'the endpoint');
  }
}
