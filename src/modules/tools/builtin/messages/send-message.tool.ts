import { isJsonObject, type JsonObject } from '../../../../engine/index.js';
import { EgressClient } from '../../../../platform/egress/index.js';
import { objectOf } from '../../../nodes/index.js';
import { ToolSettings } from '../../execution/tool-settings.js';
import { bodyOf, refuseFailure, WEB_SETTINGS, webLimits } from '../../execution/web-answer.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';

const ENDPOINT = { name: 'endpoint', secret: 'MESSAGE_URL' } as const;
const TOKEN = { name: 'token', secret: 'MESSAGE_TOKEN' } as const;

@ToolProvider()
export class SendMessageTool implements ExecutedTool {
  readonly name = 'send_message';
  readonly type = 'builtin';
  readonly description = 'Send a message to somebody over a channel, through the message gateway of the installation.';
  readonly repeatable = false;
  readonly inputSchema = objectOf(
    {
      channel: { type: 'string', minLength: 1, maxLength: 100, description: 'E.g. whatsapp or sms; what there is depends on the gateway.' },
      recipient: { type: 'string', minLength: 1, maxLength: 500 },
      text: { type: 'string', minLength: 1, maxLength: 40_000 },
      conversation_ref: { type: 'string', maxLength: 500 },
    },
    ['channel', 'recipient', 'text'],
  );
  readonly outputSchema = objectOf({ message_id: { type: ['string', 'null'] }, status: { type: 'string' } }, ['message_id', 'status']);
  readonly configSchema = objectOf({
    ...WEB_SETTINGS,
    endpoint: {
      type: 'string',
      description: 'Where messages are posted as JSON, or `{{ secrets.NAME }}`; without it HEDDLE_SECRET_MESSAGE_URL.',
    },
    token: {
      type: 'string',
      description: 'Sent as bearer token, or `{{ secrets.NAME }}`; without it HEDDLE_SECRET_MESSAGE_TOKEN, if there is one.',
    },
  });

  constructor(
    private readonly egress: EgressClient,
    private readonly settings: ToolSettings,
  ) {}

  async execute(call: ToolCall): Promise<JsonObject> {
    const token = this.settings.find(call, TOKEN);
    const answer = await this.egress.request({
      url: this.settings.require(call, ENDPOINT),
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(call.idempotencyKey === undefined ? {} : { 'idempotency-key': call.idempotencyKey }),
      },
      body: JSON.stringify(call.input),
      followRedirects: false,
      signal: call.signal,
      ...webLimits(call.config),
    });
    refuseFailure(answer, 'the message gateway');
    const body = bodyOf(answer);
    const { message_id: id, status } = isJsonObject(body) ? body : {};
    return { message_id: typeof id === 'string' ? id : null, status: typeof status === 'string' ? status : 'accepted' };
  }
}
