import { Injectable } from '@nestjs/common';
import { signMessage } from '../../platform/secrets/index.js';
import type { FeedItem } from '../runs/index.js';

/** One message about an event. */
export interface FormattedMessage {
  /** Tells several messages about one event apart; empty for the only one. */
  readonly topic: string;
  readonly body: string;
}

/** A message on its way to a receiver. */
export interface OutgoingMessage {
  /** Of this delivery. */
  readonly id: string;
  /** Of the event: the same for every receiver and every try. */
  readonly messageId: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  readonly body: string;
}

/** How webhooks are told of events, and how messages are signed. */
export interface WebhookFormat {
  readonly name: string;
  /** What a webhook made for these topics is told of an event; nothing, one message or several. Must not throw. */
  messagesOf(item: FeedItem, topics: readonly string[]): readonly FormattedMessage[];
  /** Beside `content-type` and `user-agent`. */
  headers(message: OutgoingMessage, secret: string): Readonly<Record<string, string>>;
}

export const STANDARD_FORMAT = 'standard';

/** Laid out and signed as Standard Webhooks says: `type`, `timestamp`, `data`. */
const standardFormat: WebhookFormat = {
  name: STANDARD_FORMAT,
  messagesOf: ({ event, subject }) => [
    {
      topic: '',
      body: JSON.stringify({
        type: event.type,
        timestamp: event.at,
        data: {
          ...event,
          workflow: subject.kind === 'workflow' ? { id: subject.workflowId, name: subject.name } : null,
          agent: subject.kind === 'agent' ? subject.name : null,
        },
      }),
    },
  ],
  headers: ({ messageId: id, timestamp, body }, secret) => ({
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signMessage(secret, { id, timestamp, body }),
  }),
};

/** The formats there are. Other entrances register theirs before the application starts. */
@Injectable()
export class WebhookFormats {
  private readonly formats = new Map([[standardFormat.name, standardFormat]]);

  register(format: WebhookFormat): void {
    if (this.formats.has(format.name)) throw new Error(`there is a webhook format "${format.name}" already`);
    this.formats.set(format.name, format);
  }

  find(name: string): WebhookFormat | undefined {
    return this.formats.get(name);
  }
}
