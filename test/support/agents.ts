import type { ApiClient } from './api-client.js';
import type { EventBody } from './runs.js';
import { createParser } from './sse-parser.js';

export interface AgentAnswer {
  readonly run_id: string;
  readonly response: string;
  readonly data?: unknown;
  readonly session_id: string;
  readonly tool_calls: readonly { readonly tool: string; readonly input: unknown; readonly output: unknown; readonly is_error?: boolean }[];
  readonly usage: {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly total_tokens: number;
    readonly cost_usd: number | null;
  };
  readonly usage_by_model: readonly object[];
  readonly stop_reason: string;
  readonly model: string;
  readonly provider: string;
  readonly final_agent?: string;
}

export interface AgentProblem {
  readonly code: string;
  readonly detail: string;
  readonly run_id: string;
  readonly stop_reason?: string;
  readonly reasons?: readonly { readonly provider: string; readonly model: string; readonly class: string }[];
  readonly [member: string]: unknown;
}

/** Stores an agent, or its next version. */
export async function storeAgent(api: ApiClient, definition: object): Promise<void> {
  const { status, body } = await api.post('/agents', definition);
  if (status !== 201 && status !== 200) throw new Error(`POST /agents answered ${status}: ${JSON.stringify(body)}`);
}

/** Asks and expects an answer. */
export async function ask(api: ApiClient, agent: string, query: string, more: object = {}): Promise<AgentAnswer> {
  const { status, body } = await api.post<AgentAnswer>(`/agents/${agent}/run`, { query, ...more });
  if (status !== 200) throw new Error(`${agent} answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** Asks without waiting; the run's id. */
export async function askLater(api: ApiClient, agent: string, query: string, more: object = {}): Promise<string> {
  const { status, body } = await api.post<{ id: string }>(
    `/agents/${agent}/run`,
    { query, ...more },
    { headers: { prefer: 'respond-async' } },
  );
  if (status !== 202) throw new Error(`${agent} answered ${status}: ${JSON.stringify(body)}`);
  return body.id;
}

export async function eventsOf(api: ApiClient, runId: string): Promise<readonly EventBody[]> {
  return (await api.get<{ data: EventBody[] }>(`/runs/${runId}/events`, { query: { limit: 500 } })).body.data;
}

/** Frames of a streamed answer, to its end or until `signal` aborts. */
export async function streamAnswer(
  api: ApiClient,
  agent: string,
  query: string,
  onFrame: (frame: { event: string; data: Record<string, unknown> }) => void = () => undefined,
): Promise<{ event: string; data: Record<string, unknown> }[]> {
  const response = await fetch(`${api.url}/api/v1/agents/${agent}/run`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.key ?? ''}`, 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query }),
  });
  const frames: { event: string; data: Record<string, unknown> }[] = [];
  const parser = createParser(
    (message) => {
      const frame = { event: message.event ?? 'message', data: JSON.parse(message.data) as Record<string, unknown> };
      frames.push(frame);
      onFrame(frame);
    },
    () => undefined,
  );
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) parser.push(decoder.decode(chunk as Uint8Array, { stream: true }));
  return frames;
}
