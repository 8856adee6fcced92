import { createParser } from './sse-parser.js';
import type { ApiClient } from './api-client.js';

/** A run as the API shows it, as far as tests look at it. */
export interface RunBody {
  readonly id: string;
  readonly status: string;
  readonly workflow: { readonly id: string; readonly name: string; readonly version: number };
  readonly inputs: unknown;
  readonly outputs: unknown;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly progress: { readonly completed: number; readonly total: number };
  readonly current_steps: readonly string[];
  readonly tags: readonly string[];
  readonly concurrency_key: string | null;
  readonly created_at: string;
}

export interface EventBody {
  readonly run_id: string;
  readonly seq: number;
  readonly type: string;
  readonly at: string;
  readonly step?: string;
  readonly data: Record<string, unknown>;
}

export async function storeWorkflow(api: ApiClient, definition: object): Promise<{ id: string; name: string; version: number }> {
  const { status, body } = await api.post<{ id: string; name: string; version: number }>('/workflows', definition);
  if (status !== 201 && status !== 200) throw new Error(`POST /workflows answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** Starts a run and waits for its end. */
export async function runToEnd(api: ApiClient, workflow: string, body: object = {}): Promise<RunBody> {
  const answer = await api.post<RunBody>(`/workflows/${encodeURIComponent(workflow)}/runs`, body, { query: { wait: '60s' } });
  if (answer.status !== 200) throw new Error(`the run did not end: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Asks until the answer is as wished, and gives it. */
export async function eventually<T>(ask: () => Promise<T>, wish: (answer: T) => boolean, limitMs = 15_000): Promise<T> {
  const giveUpAt = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (wish(answer)) return answer;
    if (Date.now() > giveUpAt) throw new Error(`still not so: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface SseMessage {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown>;
}

/** A stream of server-sent events being read. */
export interface OpenStream {
  readonly response: Response;
  readonly messages: readonly SseMessage[];
  /** Comments seen: heartbeats. */
  readonly comments: number;
  /** Settles when the server closes the stream, or `leave` was called. */
  readonly closed: Promise<void>;
  leave(): void;
}

/** Opens a stream; problem answers are thrown. */
export async function openStream(
  api: ApiClient,
  path: string,
  options: { query?: Record<string, string>; lastEventId?: string } = {},
): Promise<OpenStream> {
  const abort = new AbortController();
  const response = await api.open('GET', path, undefined, {
    headers: { accept: 'text/event-stream', ...(options.lastEventId === undefined ? {} : { 'last-event-id': options.lastEventId }) },
    ...(options.query === undefined ? {} : { query: options.query }),
    signal: abort.signal,
  });
  if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  const messages: SseMessage[] = [];
  const state = { comments: 0 };
  const parser = createParser(
    (message) => messages.push({ ...message, data: JSON.parse(message.data) as Record<string, unknown> }),
    () => (state.comments += 1),
  );
  const decoder = new TextDecoder();
  const read = async (): Promise<void> => {
    try {
      for await (const chunk of response.body ?? []) parser.push(decoder.decode(chunk as Uint8Array, { stream: true }));
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    }
  };
  const closed = read();
  return {
    response,
    messages,
    get comments() {
      return state.comments;
    },
    closed,
    leave: () => abort.abort(),
  };
}
