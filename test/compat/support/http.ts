import { createParser } from '../../support/sse-parser.js';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON, else text; null when there is none. */
  readonly body: unknown;
}

export interface SseMessage {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown>;
}

/** A client of a dialect that sends what it is told and reads what comes. */
export class DialectClient {
  constructor(
    readonly url: string,
    private readonly key: string | undefined,
  ) {}

  withKey(key: string | undefined): DialectClient {
    return new DialectClient(this.url, key);
  }

  open(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const all = new Headers(headers);
    if (this.key !== undefined) all.set('authorization', `Bearer ${this.key}`);
    if (body !== undefined && !all.has('content-type')) all.set('content-type', 'application/json');
    const payload = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    return fetch(`${this.url}${path}`, { method, headers: all, ...payload });
  }

  async send(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply> {
    const response = await this.open(method, path, body, headers);
    const text = await response.text();
    const json = /\bjson\b/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: text === '' ? null : json ? JSON.parse(text) : text };
  }

  /** The body of an answer that must have the status. */
  async get<T = Record<string, unknown>>(path: string, status = 200): Promise<T> {
    return this.expect<T>('GET', path, undefined, status);
  }

  async post<T = Record<string, unknown>>(path: string, body: unknown, status: number): Promise<T> {
    return this.expect<T>('POST', path, body, status);
  }

  async expect<T>(method: string, path: string, body: unknown, status: number): Promise<T> {
    const reply = await this.send(method, path, body);
    if (reply.status !== status)
      throw new Error(`${method} ${path} answered ${reply.status}, not ${status}: ${JSON.stringify(reply.body)}`);
    return reply.body as T;
  }

  /** The messages of a stream until its end, or until `enough` says so. */
  async events(
    path: string,
    enough: (messages: readonly SseMessage[]) => boolean = () => false,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<SseMessage[]> {
    const response = await this.open('GET', path, undefined, { accept: 'text/event-stream', ...headers });
    if (response.status !== 200 || response.body === null)
      throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
    const messages: SseMessage[] = [];
    const parser = createParser(
      (message) => messages.push({ ...message, data: JSON.parse(message.data) as Record<string, unknown> }),
      () => {},
    );
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      parser.push(decoder.decode(chunk as Uint8Array, { stream: true }));
      if (enough(messages)) break;
    }
    return messages;
  }
}
