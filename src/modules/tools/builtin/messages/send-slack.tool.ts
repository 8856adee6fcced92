import type { JsonObject } from '../../../../engine/index.js';
import { EgressClient } from '../../../../platform/egress/index.js';
import { objectOf } from '../../../nodes/index.js';
import { ToolSettings } from '../../execution/tool-settings.js';
import { refuseFailure, WEB_SETTINGS, webLimits } from '../../execution/web-answer.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';

const WEBHOOK_URL = { name: 'webhook_url', secret: 'SLACK_WEBHOOK_URL' } as const;

@ToolProvider()
export class SendSlackTool implements ExecutedTool {
  readonly name = 'send_slack';
  readonly type = 'builtin';
  readonly description = 'Post a message to Slack, through an incoming webhook.';
  readonly repeatable = false;
  readonly inputSchema = objectOf(
    {
      message: { type: 'string', minLength: 1, maxLength: 40_000 },
      channel: { type: 'string', maxLength: 200, description: 'Where the webhook allows to choose.' },
    },
    ['message'],
  );
  readonly outputSchema = objectOf({ response: { type: 'string' } }, ['response']);
  readonly configSchema = objectOf({
    ...WEB_SETTINGS,
    webhook_url: { type: 'string', description: 'The webhook, or `{{ secrets.NAME }}`; without it HEDDLE_SECRET_SLACK_WEBHOOK_URL.' },
  });

  constructor(
    private readonly egress: EgressClient,
    private readonly settings: ToolSettings,
  ) {}

  async execute(call: ToolCall): Promise<JsonObject> {
    const { message, channel } = call.input;
    const answer = await this.egress.request({
      url: this.settings.require(call, WEBHOOK_URL),
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: message, ...(channel === undefined ? {} : { channel }) }),
      signal: call.signal,
      ...webLimits(call.config),
    });
    refuseFailure(answer, 'Slack');
    return { response: answer.body.toString('utf8') };
  }
}
