import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

interface EmbeddingEndpointOptions {
  /** Length of the vectors; 7 by default. */
  readonly dimensions?: number;
}

/** An OpenAI-compatible embedding endpoint: the vector of a text depends on the text only. */
export class EmbeddingEndpoint {
  /** The texts of each call that was answered or held. */
  readonly calls: (readonly string[])[] = [];
  private open: () => void = () => {};
  private gate: Promise<void> = Promise.resolve();
  private holdAfter = Infinity;

  private constructor(
    private readonly server: Server,
    private readonly dimensions: number,
  ) {}

  static async start({ dimensions = 7 }: EmbeddingEndpointOptions = {}): Promise<EmbeddingEndpoint> {
    const server = createServer();
    const endpoint = new EmbeddingEndpoint(server, dimensions);
    server.on('request', (request, response) => {
      void text(request).then(async (received) => {
        const { input } = JSON.parse(received) as { input: string[] };
        endpoint.calls.push(input);
        if (endpoint.calls.length > endpoint.holdAfter) await endpoint.gate;
        response.end(JSON.stringify({ data: input.map((each, index) => ({ index, embedding: endpoint.vectorOf(each) })) }));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return endpoint;
  }

  get spec(): object {
    const { port } = this.server.address() as AddressInfo;
    return { provider: 'openai_compatible', model: 'any', base_url: `http://127.0.0.1:${port}/v1`, dimensions: this.dimensions };
  }

  /** Answers so many calls; those after them wait until `release`. */
  hold(after: number): void {
    this.holdAfter = after;
    ({ promise: this.gate, resolve: this.open } = Promise.withResolvers<void>());
  }

  release(): void {
    this.holdAfter = Infinity;
    this.open();
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private vectorOf(text: string): number[] {
    const vector: number[] = [];
    for (let block = 0; vector.length < this.dimensions; block += 1) {
      for (const byte of createHash('sha256').update(`${block} ${text}`).digest()) vector.push(byte / 127.5 - 1);
    }
    return vector.slice(0, this.dimensions);
  }
}
