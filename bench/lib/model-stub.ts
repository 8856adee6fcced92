import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An OpenAI-compatible model that answers at once: calls a tool in all turns but the last. Streams when asked to. */
export class ModelStub {
  private constructor(private readonly server: Server) {}

  static async start(turns: number): Promise<ModelStub> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { messages, stream } = JSON.parse(Buffer.concat(chunks).toString()) as { messages: { role: string }[]; stream?: boolean };
        const turn = messages.filter(({ role }) => role === 'assistant').length + 1;
        response.setHeader('content-type', stream === true ? 'text/event-stream' : 'application/json');
        response.end(stream === true ? streamed(turn, turns) : JSON.stringify(whole(turn, turns)));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ModelStub(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    return Promise.resolve();
  }
}

const USAGE = { prompt_tokens: 50, completion_tokens: 10, total_tokens: 60 };
const HEAD = { id: 'c', created: 1, model: 'stub' };

function messageOf(turn: number, turns: number): { content: string | null; tool_calls?: object[] } {
  if (turn >= turns) return { content: 'done' };
  return {
    content: null,
    tool_calls: [{ index: 0, id: `call-${turn}`, type: 'function', function: { name: 'step', arguments: `{"n":${turn}}` } }],
  };
}

function whole(turn: number, turns: number): object {
  const message = { role: 'assistant', ...messageOf(turn, turns) };
  return {
    ...HEAD,
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason: turn >= turns ? 'stop' : 'tool_calls' }],
    usage: USAGE,
  };
}

function streamed(turn: number, turns: number): string {
  const line = (value: object): string => `data: ${JSON.stringify({ ...HEAD, object: 'chat.completion.chunk', ...value })}\n\n`;
  const delta = { role: 'assistant', ...messageOf(turn, turns) };
  return [
    line({ choices: [{ index: 0, delta, finish_reason: null }] }),
    line({ choices: [{ index: 0, delta: {}, finish_reason: turn >= turns ? 'stop' : 'tool_calls' }] }),
    line({ choices: [], usage: USAGE }),
    'data: [DONE]\n\n',
  ].join('');
}
