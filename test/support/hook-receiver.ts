import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message that somebody was sent. */
export interface ReceivedMessage {
  readonly path: string;
  /** `webhook-id` */
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly body: string;
}

/** Somebody outside who is told of events. Answers 200, or for a path what the test says; `null` leaves it unanswered. */
export class HookReceiver {
  readonly messages: ReceivedMessage[] = [];
  readonly answers = new Map<string, number | null>();
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      const header = (name: string) => String(request.headers[name] ?? '');
      this.messages.push({
        path,
        id: header('webhook-id'),
        timestamp: header('webhook-timestamp'),
        signature: header('webhook-signature'),
        body: Buffer.concat(chunks).toString('utf8'),
      });
      const status = this.answers.get(path) ?? (this.answers.has(path) ? null : 200);
      if (status !== null) response.writeHead(status).end();
    });
  });

  static async start(): Promise<HookReceiver> {
    const receiver = new HookReceiver();
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  at(path: string): ReceivedMessage[] {
    return this.messages.filter((message) => message.path === path);
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
