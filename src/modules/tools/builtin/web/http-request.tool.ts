import type { JsonObject } from '../../../../engine/index.js';
import { EgressClient } from '../../../../platform/egress/index.js';
import { ANY, encodeBody, objectOf } from '../../../nodes/index.js';
import { bodyOf, HEADERS_SCHEMA, headersOf, URL_SCHEMA, WEB_SETTINGS, webLimits } from '../../execution/web-answer.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';

@ToolProvider()
export class HttpRequestTool implements ExecutedTool {
  readonly name = 'http_request';
  readonly type = 'builtin';
  readonly description = 'Send an HTTP request. Any status is a result. Private addresses are refused unless the operator allows them.';
  readonly repeatable = false;
  readonly inputSchema = objectOf(
    {
      method: { type: 'string', enum: ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'] },
      url: URL_SCHEMA,
      headers: HEADERS_SCHEMA,
      body: { description: 'A text is sent as it is, anything else as JSON.' },
    },
    ['method', 'url'],
  );
  readonly outputSchema = objectOf({ status_code: { type: 'integer' }, headers: { type: 'object' }, body: ANY }, [
    'status_code',
    'headers',
    'body',
  ]);
  readonly configSchema = objectOf({
    ...WEB_SETTINGS,
    allow_localhost: {
      type: 'boolean',
      description:
        'Accepted, and changes nothing: which private addresses may be reached is for the operator to say (HEDDLE_EGRESS_ALLOW).',
    },
  });

  constructor(private readonly egress: EgressClient) {}

  async execute({ input, config, signal, idempotencyKey }: ToolCall): Promise<JsonObject> {
    const method = String(input['method']);
    const encoded = encodeBody(input['body'], 'auto');
    const headers = new Headers({
      ...(encoded === null ? {} : { 'content-type': encoded.contentType }),
      ...(idempotencyKey === undefined || method === 'GET' ? {} : { 'idempotency-key': idempotencyKey }),
    });
    const given = headersOf(input['headers']);
    const own = Object.fromEntries([...headers].filter(([name]) => !Object.keys(given).some((each) => each.toLowerCase() === name)));
    const answer = await this.egress.request({
      url: String(input['url']),
      method,
      headers: { ...own, ...given },
      ...(encoded === null ? {} : { body: encoded.body }),
      signal,
      ...webLimits(config),
    });
    return { status_code: answer.status, headers: { ...answer.headers }, body: bodyOf(answer) };
  }
}
