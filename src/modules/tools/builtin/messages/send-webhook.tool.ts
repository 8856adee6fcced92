import type { JsonObject } from '../../../../engine/index.js';
import { EgressClient } from '../../../../platform/egress/index.js';
import { ANY, objectOf } from '../../../nodes/index.js';
import { bodyOf, HEADERS_SCHEMA, headersOf, URL_SCHEMA, WEB_SETTINGS, webLimits } from '../../execution/web-answer.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';

@ToolProvider()
export class SendWebhookTool implements ExecutedTool {
  readonly name = 'send_webhook';
  readonly type = 'builtin';
  readonly description = 'Post a JSON payload to a webhook. Any status is a result.';
  readonly repeatable = false;
  readonly inputSchema = objectOf({ url: URL_SCHEMA, payload: { description: 'Sent as JSON.' }, headers: HEADERS_SCHEMA }, [
    'url',
    'payload',
  ]);
  readonly outputSchema = objectOf({ status_code: { type: 'integer' }, response: ANY }, ['status_code', 'response']);
  readonly configSchema = objectOf(WEB_SETTINGS);

  constructor(private readonly egress: EgressClient) {}

  async execute({ input, config, signal, idempotencyKey }: ToolCall): Promise<JsonObject> {
    const answer = await this.egress.request({
      url: String(input['url']),
      method: 'POST',
      headers: {
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        ...headersOf(input['headers']),
        'content-type': 'application/json',
      },
      body: JSON.stringify(input['payload']),
      signal,
      ...webLimits(config),
    });
    return { status_code: answer.status, response: bodyOf(answer) };
  }
}
