import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import type { NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Response } from 'express';
import { JSON_MEDIA_TYPE } from './edge-answer.js';
import type { EdgeRequest } from './edge-request.js';

/** An Express application and the prototypes it gives requests and responses. */
interface ExpressApp extends RequestListener {
  request: object;
  response: object;
}

/** Nest on Express, with what costs every request done once or in less. */
export class EdgeAdapter extends ExpressAdapter {
  private open: (listener: RequestListener) => Server = createServer;

  /**
   * Express changes the prototypes of each request and response to its own, for which V8 takes some 6 µs apiece. Node makes
   * them with these prototypes here, so that there is nothing to change.
   */
  override initHttpServer({ forceCloseConnections }: NestApplicationOptions): void {
    const app = this.getInstance<ExpressApp>();
    class EdgeIncomingMessage extends IncomingMessage {}
    class EdgeServerResponse extends ServerResponse {}
    app.request = Object.setPrototypeOf(EdgeIncomingMessage.prototype, app.request) as object;
    app.response = Object.setPrototypeOf(EdgeServerResponse.prototype, app.response) as object;
    this.open = (listener) => createServer({ IncomingMessage: EdgeIncomingMessage, ServerResponse: EdgeServerResponse }, listener);
    this.httpServer = this.open(app);
    // Private to Nest's adapter, which has no other way to make the server with classes of one's own.
    if (forceCloseConnections === true) (this as unknown as { trackOpenConnections(): void }).trackOpenConnections();
  }

  /** One more server of this application; `rewrite` says which URL of it a request means. */
  createSideServer(rewrite: (url: string) => string): Server {
    const app = this.getInstance<ExpressApp>();
    return this.open((request, response) => {
      request.url = rewrite(request.url ?? '/');
      app(request, response);
    });
  }

  /**
   * Sends what handlers return. Plain JSON, which is nearly everything, goes out here in one write; the rest is Express's. The
   * reply to a request that holds its `Idempotency-Key` is stored before it is sent: a client that has seen it must get the
   * same one again.
   */
  override reply(response: Response, value: unknown, status?: number): unknown {
    if (status !== undefined) response.status(status);
    const json = isPlain(value) && !response.hasHeader('Content-Type') ? JSON.stringify(value) : undefined;
    const hold = (response.req as EdgeRequest).idempotency;
    if (hold === undefined) return this.send(response, value, json);
    const body = json ?? (typeof value === 'string' ? value : undefined);
    return hold.keepReply(response, body).then(() => this.send(response, value, json));
  }

  private send(response: Response, value: unknown, json: string | undefined): unknown {
    if (json === undefined) return super.reply(response, value);
    response.setHeader('Content-Type', JSON_MEDIA_TYPE);
    response.setHeader('Content-Length', Buffer.byteLength(json));
    return response.end(json);
  }
}

/** Whether a value is an object or a list and nothing else, neither a file nor a stream nor bytes. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype;
}
