import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the next call is answered with. */
export interface ModelReply {
  readonly text?: string;
  readonly toolCalls?: readonly { readonly name: string; readonly input?: object; readonly raw?: string }[];
  /** Answers with this status and no stream. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Pause before the answer, milliseconds. */
  readonly delayMs?: number;
  /** Pause between pieces, milliseconds. */
  readonly pieceMs?: number;
  /** Breaks the connection off after so many pieces. */
  readonly cutAfter?: number;
  /** Ends the stream without an end after so many pieces. */
  readonly endAfter?: number;
  /** Says nothing more after so many pieces. */
  readonly stallAfter?: number;
  /** Sends something that is no JSON. */
  readonly malformed?: true;
  readonly finish?: 'stop' | 'length' | 'content_filter';
  readonly usage?: { readonly input: number; readonly output: number };
}

export interface ModelCall {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: {
    readonly model: string;
    readonly messages: readonly { readonly role: string; readonly content: unknown }[];
    readonly [member: string]: unknown;
  };
  /** Whether the client hung up before the answer was complete. */
  disconnected: boolean;
  /** Whether the answer was sent to its end. */
  complete: boolean;
}

type Script = (call: ModelCall, index: number) => ModelReply | Promise<ModelReply>;

/**
 * A model provider that answers by script, in the dialect it is asked in: OpenAI's chat completions, Anthropic's messages and Google's
 * contents, all streamed. It counts and keeps its calls, and sees clients hang up.
 */
export class ModelServer {
  readonly calls: ModelCall[] = [];
  private readonly replies: ModelReply[] = [];
  private script: Script | null = null;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ModelServer> {
    const server = createServer();
    const models = new ModelServer(server);
    server.on('request', (request, response) => void models.handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return models;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  /** As a model of an agent. */
  block(model: string, more: object = {}): object {
    return { provider: 'openai_compatible', model, base_url: this.url, retry: { initial_delay_ms: 1 }, ...more };
  }

  /** Answers calls one after the other; the last one is repeated. */
  reply(...replies: ModelReply[]): void {
    this.script = null;
    this.replies.splice(0, this.replies.length, ...replies);
    this.calls.length = 0;
  }

  /** Answers every call by a function. */
  answer(script: Script): void {
    this.script = script;
    this.calls.length = 0;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as ModelCall['body'];
    const call: ModelCall = { path: request.url ?? '', headers: request.headers, body, disconnected: false, complete: false };
    const index = this.calls.push(call) - 1;
    response.on('close', () => (call.disconnected = !call.complete));
    const reply = this.script === null ? this.replies[Math.min(index, this.replies.length - 1)] : await this.script(call, index);
    await send(call, reply ?? { status: 500 }, response);
  }
}

async function send(call: ModelCall, reply: ModelReply, response: ServerResponse): Promise<void> {
  await pause(reply.delayMs);
  if (reply.status !== undefined) {
    call.complete = true;
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    const error = { message: `scripted ${reply.status}`, type: 'scripted', code: reply.status, status: 'SCRIPTED' };
    return void response.end(JSON.stringify({ error }));
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', ...reply.headers });
  const pieces = piecesFor(call.path)(reply);
  for (const [sent, piece] of pieces.entries()) {
    if (reply.cutAfter === sent) return void response.destroy();
    if (reply.endAfter === sent) break;
    if (reply.stallAfter === sent) return;
    await pause(sent === 0 ? undefined : reply.pieceMs);
    if (response.destroyed) return;
    response.write(reply.malformed === true ? 'data: {"this is": no JSON\n\n' : piece);
  }
  call.complete = true;
  response.end();
}

function piecesFor(path: string): (reply: ModelReply) => string[] {
  if (path.endsWith('/messages')) return anthropicPieces;
  return path.includes(':streamGenerateContent') ? googlePieces : openaiPieces;
}

function wordsOf({ text = '' }: ModelReply): string[] {
  return text.match(/\S+\s*/g) ?? [];
}

function openaiPieces(reply: ModelReply): string[] {
  const chunk = (delta: object, finish: string | null = null): string =>
    `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const { toolCalls = [], usage = { input: 10, output: 5 } } = reply;
  const calls = toolCalls.map(({ name, input = {}, raw }, index) => ({
    index,
    id: `call_${name}_${index}`,
    type: 'function',
    function: { name, arguments: raw ?? JSON.stringify(input) },
  }));
  return [
    chunk({ role: 'assistant', content: '' }),
    ...wordsOf(reply).map((word) => chunk({ content: word })),
    ...(calls.length === 0 ? [] : [chunk({ tool_calls: calls })]),
    chunk({}, reply.finish ?? (calls.length > 0 ? 'tool_calls' : 'stop')),
    `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: { prompt_tokens: usage.input, completion_tokens: usage.output, total_tokens: usage.input + usage.output } })}\n\n`,
    'data: [DONE]\n\n',
  ];
}

function anthropicPieces(reply: ModelReply): string[] {
  const event = (type: string, data: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
  const { toolCalls = [], usage = { input: 10, output: 5 } } = reply;
  const words = wordsOf(reply);
  const text = [
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ...words.map((word) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: word } })),
    event('content_block_stop', { index: 0 }),
  ];
  const tools = toolCalls.flatMap(({ name, input = {}, raw }, nth) => {
    const index = nth + (words.length > 0 ? 1 : 0);
    return [
      event('content_block_start', { index, content_block: { type: 'tool_use', id: `toolu_${name}_${nth}`, name, input: {} } }),
      event('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json: raw ?? JSON.stringify(input) } }),
      event('content_block_stop', { index }),
    ];
  });
  const reason = reply.finish === 'length' ? 'max_tokens' : toolCalls.length > 0 ? 'tool_use' : 'end_turn';
  return [
    event('message_start', {
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'm',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: usage.input, output_tokens: 1 },
      },
    }),
    ...(words.length > 0 ? text : []),
    ...tools,
    event('message_delta', { delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: usage.output } }),
    event('message_stop', {}),
  ];
}

function googlePieces(reply: ModelReply): string[] {
  const { toolCalls = [], usage = { input: 10, output: 5 } } = reply;
  const chunk = (part: object, more: object = {}, rest: object = {}): string =>
    `data: ${JSON.stringify({ candidates: [{ index: 0, content: { role: 'model', parts: [part] }, ...more }], ...rest })}\n\n`;
  const reasons = { length: 'MAX_TOKENS', content_filter: 'SAFETY', stop: 'STOP' } as const;
  const usageMetadata = {
    promptTokenCount: usage.input,
    candidatesTokenCount: usage.output,
    totalTokenCount: usage.input + usage.output,
  };
  return [
    ...wordsOf(reply).map((text) => chunk({ text })),
    ...toolCalls.map(({ name, input = {} }) => chunk({ functionCall: { name, args: input } })),
    chunk({ text: '' }, { finishReason: reasons[reply.finish ?? 'stop'] }, { usageMetadata }),
  ];
}

function pause(ms: number | undefined): Promise<void> {
  return ms === undefined ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
