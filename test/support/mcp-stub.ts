import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { createMcpHandler, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { exampleServer, type McpCalls } from './mcp-tools.js';

type Handler = (request: Request) => Promise<Response>;

/**
 * A real MCP server over streamable HTTP: `stateless` speaks the revision of 2026-07-28, `sessions` only those before, with a
 * session for each client.
 */
export class McpStub implements McpCalls {
  readonly calls: string[] = [];
  stopped = 0;
  /** JSON-RPC methods in the order they came, and what was sent with them. */
  readonly methods: string[] = [];
  readonly authorizations = new Set<string>();
  /** Requests of this method are cut off, so many times. */
  readonly cuts = new Map<string, number>();
  private sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  private readonly server = createServer((request, response) => void this.serve(request, response).catch(() => response.destroy()));
  private readonly handle: Handler;

  private constructor(mode: 'stateless' | 'sessions') {
    const handler = createMcpHandler(() => exampleServer(this), { legacy: 'reject' });
    this.handle = mode === 'stateless' ? (request) => handler.fetch(request) : (request) => this.inSession(request);
  }

  static async start(mode: 'stateless' | 'sessions'): Promise<McpStub> {
    const stub = new McpStub(mode);
    stub.server.listen(0, '127.0.0.1');
    await once(stub.server, 'listening');
    return stub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/mcp`;
  }

  times(method: string): number {
    return this.methods.filter((each) => each === method).length;
  }

  /** As a restart does. */
  forgetSessions(): void {
    this.sessions = new Map();
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await text(incoming);
    const method = incoming.method ?? 'GET';
    const asked = method === 'POST' ? String((JSON.parse(body) as { method?: string }).method) : method;
    this.methods.push(asked);
    this.authorizations.add(incoming.headers.authorization ?? '');
    const cuts = this.cuts.get(asked) ?? 0;
    this.cuts.set(asked, cuts - 1);
    if (cuts > 0) return void outgoing.destroy();
    const gone = new AbortController();
    outgoing.on('close', () => gone.abort());
    const headers = new Headers(Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]));
    const response = await this.handle(
      new Request(this.url, { method, headers, signal: gone.signal, ...(method === 'POST' ? { body } : {}) }),
    );
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    if (response.body === null) return void outgoing.end();
    await pipeline(Readable.fromWeb(response.body as never), outgoing);
  }

  private async inSession(request: Request): Promise<Response> {
    const id = request.headers.get('mcp-session-id');
    const known = id === null ? undefined : this.sessions.get(id);
    if (known !== undefined) return known.handleRequest(request);
    if (id !== null)
      return new Response('{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null}', { status: 404 });
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (session) => void this.sessions.set(session, transport),
    });
    await exampleServer(this).connect(transport);
    return transport.handleRequest(request);
  }
}
