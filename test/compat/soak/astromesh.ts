import { randomUUID } from 'node:crypto';
import { agentDocument } from '../support/astromesh.js';
import { DialectClient } from '../support/http.js';
import { DialectSocket } from '../support/socket.js';
import { must, type SoakClient } from './soak-client.js';

const AGENT = agentDocument('soak', {
  model: { primary: { provider: 'scripted', model: 'm', rules: [{ reply: 'Hello to you' }] } },
  memory: { conversational: { strategy: 'sliding_window' } },
});

/** Astromesh has no cancel. Its client asks by socket and by request in turn, and reads what the agent remembers. */
export const astromesh: SoakClient = async (server) => {
  const client = new DialectClient(server.dialects['astromesh'] ?? '', server.adminKey);
  await client.post('/v1/agents', AGENT, 201);
  await client.post('/v1/agents/soak/deploy', undefined, 200);
  const bySocket = async (question: object): Promise<string> => {
    const socket = await DialectSocket.open(`${client.url}/v1/ws/agent/soak`, server.adminKey);
    socket.socket.send(JSON.stringify(question));
    const frames = await socket.until((all) => all.some(({ type }) => type === 'done' || type === 'error'));
    const last = frames.at(-1);
    must(last?.['response'] === 'Hello to you', `the agent said ${JSON.stringify(last)}`);
    await socket.close();
    return String(last['run_id']);
  };
  const byRequest = async (question: object): Promise<string> => {
    const answer = await client.post<{ run_id: string; response: string }>('/v1/agents/soak/run', question, 200);
    must(answer.response === 'Hello to you', `the agent said ${answer.response}`);
    return answer.run_id;
  };
  return async (otherwise) => {
    const session = randomUUID();
    const runId = await (otherwise ? byRequest : bySocket)({ query: 'Hello', session_id: session });
    const history = await client.get(`/v1/memory/soak/history/${session}`);
    must(JSON.stringify(history).includes('Hello to you'), `the agent does not remember ${runId}`);
    return { runId, status: 'success' };
  };
};
