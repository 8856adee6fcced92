import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';

/** A request that workflows sent. */
export interface Received {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly idempotencyKey: string | undefined;
  /** Parsed as JSON; null when there is none. Never settles when the caller goes away before it has sent all. */
  readonly body: Promise<unknown>;
  /** Settles when the exchange is over: answered, or its socket closed. */
  readonly over: Promise<void>;
  /** Whether the caller went away before it had its answer. */
  readonly abandoned: () => boolean;
  answer(status: number, body?: unknown): void;
}

/** An outside system: what workflows do to it is counted, and it answers as the test says. */
export interface Target {
  readonly url: string;
  readonly received: readonly Received[];
  /** Requests under way, by path. */
  open(path: string): number;
  close(): Promise<void>;
}

export async function startTarget(handle: (request: Received) => void | Promise<void>): Promise<Target> {
  const received: Received[] = [];
  const open = new Map<string, number>();
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const exchange = receive(request, response);
    received.push(exchange);
    open.set(exchange.path, (open.get(exchange.path) ?? 0) + 1);
    void exchange.over.then(() => open.set(exchange.path, (open.get(exchange.path) ?? 0) - 1));
    void handle(exchange);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    open: (path) => open.get(path) ?? 0,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function receive(request: IncomingMessage, response: ServerResponse): Received {
  const url = new URL(request.url ?? '/', 'http://target');
  let answered = false;
  const over = new Promise<void>((resolve) => response.on('close', resolve));
  const body = new Promise<unknown>((resolve) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => resolve(text === '' ? null : JSON.parse(text)));
  });
  return {
    path: url.pathname,
    query: url.searchParams,
    idempotencyKey: request.headers['idempotency-key']?.toString(),
    body,
    over,
    abandoned: () => !answered && response.destroyed,
    answer: (status, body = null) => {
      answered = true;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    },
  };
}
