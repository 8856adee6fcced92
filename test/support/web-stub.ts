import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A request that a server outside was sent. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type StubAnswer = (request: SeenRequest, response: ServerResponse) => void;

/** A server outside that answers as the test says, by path; 404 otherwise. */
export class WebStub {
  readonly seen: SeenRequest[] = [];
  private readonly server: Server;

  private constructor(private readonly answers: Readonly<Record<string, StubAnswer>>) {
    this.server = createServer((request, response) => {
      void text(request).then((body) => {
        const { method = '', url = '', headers } = request;
        const seen = { method, url, headers, body };
        this.seen.push(seen);
        const answer = this.answers[url.split('?', 1)[0] ?? ''];
        if (answer === undefined) response.writeHead(404).end();
        else answer(seen, response);
      });
    });
  }

  static async start(answers: Readonly<Record<string, StubAnswer>>): Promise<WebStub> {
    const stub = new WebStub(answers);
    stub.server.listen(0, '127.0.0.1');
    await once(stub.server, 'listening');
    return stub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  at(path: string): SeenRequest[] {
    return this.seen.filter(({ url }) => url.split('?', 1)[0] === path);
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

export function json(value: unknown, status = 200): StubAnswer {
  return (_, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
