import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { eventually, type RunBody } from '../support/runs.js';
import { agentDocument, AstromeshServer } from './support/astromesh.js';
import { entrancesOf } from './support/entrances.js';
import { row } from './support/rows.js';
import { expectShape } from './support/shape.js';
import { DialectSocket, type Frame } from './support/socket.js';

let server: AstromeshServer;

const ask = ({ socket }: DialectSocket, question: object): void => socket.send(JSON.stringify(question));
/** Whether there are so many frames of a type. */
const has =
  (type: string, count = 1) =>
  (frames: readonly Frame[]): boolean =>
    frames.filter((frame) => frame['type'] === type).length >= count;

beforeAll(async () => {
  server = await AstromeshServer.start();
});
afterAll(async () => {
  await server?.close();
});

describe.each(entrancesOf('astromesh'))('conversations with Astromesh %s', (where, urlOf) => {
  const place = where.includes('port') ? 'port' : 'path';
  const addressOf = (agent: string): string => `${urlOf(server.app)}/v1/ws/agent/${agent}`;
  const talk = (agent: string, query = ''): Promise<DialectSocket> =>
    DialectSocket.open(`${addressOf(agent)}${query}`, server.app.adminKey);

  row('WS /v1/ws/agent/{name}', 'the example, token by token, with the members of the original beside it', async () => {
    const talking = await talk('assistant');
    ask(talking, { query: 'Explain quantum computing', session_id: `sess_ws_${place}` });
    const frames = await talking.until(has('done'));
    expect(frames[0]).toEqual({ type: 'status', status: 'processing', agent: 'assistant' });
    const tokens = frames.filter(({ type }) => type === 'token');
    expect(tokens.length).toBeGreaterThan(1);
    expect(tokens.map(({ content }) => content).join('')).toBe('Quantum computing is about qubits.');
    expectShape(frames.at(-1), {
      type: 'done',
      usage: { input_tokens: 800, output_tokens: 350, total_tokens: 1150, tokens_in: 800, tokens_out: 350, model: 'x', by_model: [{}] },
      timing: { total_ms: 2400 },
      answer: 'Quantum computing is about qubits.',
      session_id: 'sess_abc123',
    });
    expect(frames.at(-1)).toMatchObject({ session_id: `sess_ws_${place}`, answer: 'Quantum computing is about qubits.' });
    expect(new Set(frames.map(({ type }) => type))).toEqual(new Set(['status', 'token', 'done']));
    await talking.close();
  });

  row('WS /v1/ws/agent/{name}', 'calls of tools and their results, under both names', async () => {
    const talking = await talk('assistant', `?session_id=query_${place}`);
    ask(talking, { query: 'What are the trends?' });
    const frames = await talking.until(has('done'));
    const input = { query: 'latest AI trends 2026' };
    expect(frames.find(({ type }) => type === 'tool_call')).toMatchObject({
      tool: 'web_search',
      input,
      name: 'web_search',
      arguments: input,
    });
    expect(frames.find(({ type }) => type === 'tool_result')).toMatchObject({ tool: 'web_search', output: { results: [{}] }, ok: true });
    expect(frames.at(-1)).toMatchObject({ session_id: `query_${place}` });
    await talking.close();
  });

  row('WS /v1/ws/agent/{name}', 'one question after the other; errors leave the connection open', async () => {
    const talking = await talk('assistant');
    talking.socket.send('no json');
    ask(talking, { query: 'Hello' });
    ask(talking, { query: 'What is Astromesh?' });
    const frames = await talking.until(has('done', 2));
    expect(frames[0]).toMatchObject({ type: 'error', message: expect.any(String) as unknown });
    expect(frames.filter(({ type }) => type === 'done')).toMatchObject([{ answer: 'Hi! How can I help?' }, { answer: 'Astromesh is...' }]);
    await talking.close();
    const nobody = await talk('nobody');
    ask(nobody, { query: 'Hello' });
    ask(nobody, { query: 'Hello' });
    const errors = await nobody.until(has('error', 2));
    expect(errors.at(-1)).toMatchObject({ type: 'error', message: "Agent 'nobody' not found" });
    await nobody.close();
  });

  row('WS /v1/ws/agent/{name}', 'a client that leaves cancels its run', async () => {
    const agent = await server.deploy(agentDocument(`slow-${place}`));
    const statuses = async (): Promise<string[]> => {
      const { body } = await server.app.api.get<{ data: RunBody[] }>('/runs', { query: { agent } });
      return body.data.map(({ status }) => status);
    };
    const talking = await talk(agent);
    ask(talking, { query: 'be slow' });
    await eventually(statuses, ([status]) => status === 'running');
    await talking.close();
    await eventually(statuses, ([status]) => status === 'cancelled', 30_000);
  });

  row('WS /v1/ws/agent/{name}', 'is refused without a key, in the words of the API', async () => {
    const socket = new WebSocket(addressOf('assistant'));
    const [, refusal] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    expect(refusal.statusCode).toBe(401);
    expect(JSON.parse(await text(refusal))).toEqual({ detail: expect.any(String) as unknown });
  });
});
