import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './runs.js';

/** One request that reached the outside world: a side effect. */
export interface Effect {
  readonly path: string;
  /** The `Idempotency-Key`: the same for every execution of the same attempt. */
  readonly key: string;
  readonly label: string;
}

/** Requests to a path that stay unanswered until they are let go. */
export interface Gate {
  /** Resolves once exactly so many wait here. */
  holds(requests: number): Promise<void>;
  /** Answers those that wait, and from now on every other one at once. */
  open(): void;
}

/**
 * The outside world of a test: a local HTTP server that remembers every request and answers `{ "answer": "<label> done" }`,
 * the label being what the request sent.
 */
export class EffectsServer {
  readonly effects: Effect[] = [];
  private readonly gates = new Map<string, Set<() => void>>();
  private readonly delays = new Map<string, number>();
  private readonly crowds = new Map<string, { readonly open: string[]; peak: number }>();

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => void this.serve(request, response));
  }

  static async start(): Promise<EffectsServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new EffectsServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** How often the effect of this key happened. */
  times(key: string): number {
    return this.effects.filter((effect) => effect.key === key).length;
  }

  /** Holds requests to a path back. */
  gate(path: string): Gate {
    const held = new Set<() => void>();
    this.gates.set(path, held);
    return {
      holds: async (requests) =>
        void (await eventually(
          async () => held.size,
          (size) => size === requests,
          30_000,
        )),
      open: () => {
        this.gates.delete(path);
        for (const answer of held) answer();
      },
    };
  }

  /** Makes the work behind a path take so long. */
  slow(path: string, ms: number): void {
    this.delays.set(path, ms);
  }

  /** The most keys that ever had an unanswered request to a path at the same time; however many requests each of them had. */
  peak(path: string): number {
    return this.crowds.get(path)?.peak ?? 0;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.setEncoding('utf8');
    let body = '';
    for await (const chunk of request) body += chunk as string;
    const { label } = JSON.parse(body) as { label: string };
    const path = request.url ?? '';
    const key = String(request.headers['idempotency-key']);
    this.effects.push({ path, key, label });
    this.enter(path, key, response);
    const answer = (): void => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ answer: `${label} done` }));
    };
    const held = this.gates.get(path);
    if (held !== undefined) {
      held.add(answer);
      response.once('close', () => held.delete(answer));
    } else if (this.delays.has(path)) setTimeout(answer, this.delays.get(path));
    else answer();
  }

  private enter(path: string, key: string, response: ServerResponse): void {
    const crowd = this.crowds.get(path) ?? { open: [], peak: 0 };
    this.crowds.set(path, crowd);
    crowd.open.push(key);
    crowd.peak = Math.max(crowd.peak, new Set(crowd.open).size);
    response.once('close', () => crowd.open.splice(crowd.open.indexOf(key), 1));
  }
}
