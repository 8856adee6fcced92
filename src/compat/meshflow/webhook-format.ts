import { createHmac } from 'node:crypto';
import { isJsonObject, type JsonObject, type RunEvent } from '../../engine/index.js';
import type { FeedItem } from '../../modules/runs/index.js';
import type { FormattedMessage, OutgoingMessage, WebhookFormat } from '../../modules/webhooks/index.js';
import { timestampOf } from './records.js';
import type { MeshWebhookEvent } from './webhook-events.js';

/** The failures that have an event of their own, beside `run_failed`. */
const CAUSES: Readonly<Record<string, MeshWebhookEvent>> = { budget_exceeded: 'budget_exceeded', guardrail_blocked: 'policy_violation' };

/** Messages as MeshFlow sends them: `{event, timestamp, payload}`, signed with the bare hex of an HMAC of the body. */
export const meshWebhookFormat: WebhookFormat = {
  name: 'meshflow',
  messagesOf: (item, topics) => {
    const wanted = (event: MeshWebhookEvent): boolean => topics.includes('*') || topics.includes(event);
    return eventsOf(item.event)
      .filter(wanted)
      .map((event) => messageOf(event, item));
  },
  headers: ({ id, body }: OutgoingMessage, secret) => {
    const { event, payload } = JSON.parse(body) as { event: string; payload: JsonObject };
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    return {
      'x-meshflow-event': event,
      'x-meshflow-delivery': id,
      'x-meshflow-run-id': String(payload['run_id']),
      ...(secret === '' ? {} : { 'x-meshflow-signature': signature, 'x-meshflow-signature-256': `sha256=${signature}` }),
    };
  },
};

function eventsOf({ type, data }: RunEvent): MeshWebhookEvent[] {
  switch (type) {
    case 'run.completed':
      return ['run_completed'];
    case 'run.failed': {
      const code = isJsonObject(data['error']) ? String(data['error']['code']) : '';
      const cause = CAUSES[code];
      return cause === undefined ? ['run_failed'] : ['run_failed', cause];
    }
    case 'run.cancelled':
      return ['run_failed'];
    case 'approval.requested':
      return ['hitl_pending'];
    default:
      return [];
  }
}

function messageOf(event: MeshWebhookEvent, { event: happened, subject }: FeedItem): FormattedMessage {
  const { run_id, at, data } = happened;
  const payload = {
    run_id,
    workflow: subject.name,
    ...(event === 'hitl_pending' ? pendingOf(happened) : endOf(data)),
  };
  return { topic: event, body: JSON.stringify({ event, timestamp: timestampOf(new Date(at)), payload }) };
}

function endOf({ outputs, error, reason }: JsonObject): object {
  return { outputs: outputs ?? null, error: isJsonObject(error) ? (error['message'] ?? null) : (reason ?? null) };
}

/** The paths are below the address of the API, which the server does not know. */
function pendingOf({ run_id, step = '', at, data }: RunEvent): object {
  return {
    node_id: step,
    context: { message: data['message'] ?? '', approval_id: data['approval_id'] ?? null },
    approve_url: `/hitl/${run_id}/approve`,
    reject_url: `/hitl/${run_id}/reject`,
    expires_at: data['expires_at'] ?? null,
    sent_at: at,
  };
}
