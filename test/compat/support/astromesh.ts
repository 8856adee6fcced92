import { startApp, type TestApp } from '../../support/index.js';
import { type ModelReply, ModelServer } from '../../support/model-server.js';
import { json, WebStub } from '../../support/web-stub.js';
import { DialectClient } from './http.js';

export const ANSWER = 'Based on my research, the latest trends in AI include agents.';
export const ASSISTANT = agentDocument('assistant', {
  identity: { display_name: 'Assistant', description: 'General-purpose assistant' },
  model: {
    primary: { provider: 'openai', model: 'gpt-4o' },
    fallback: { provider: 'anthropic', model: 'claude-sonnet-4-20250514' },
    routing: { strategy: 'cost_optimized' },
  },
  prompts: { system: 'You are a helpful assistant.' },
  orchestration: { pattern: 'react', max_iterations: 10, timeout_seconds: 120 },
  tools: [
    { name: 'web_search', type: 'builtin' },
    { name: 'knowledge_base', type: 'client', description: 'Ask the handbook' },
  ],
  memory: { conversational: { backend: 'redis', strategy: 'sliding_window' }, semantic: { backend: 'chroma' } },
});
const RESEARCHER = agentDocument('researcher', {
  identity: { display_name: 'Researcher', description: 'Research and analysis agent' },
  model: { primary: { provider: 'anthropic', model: 'claude-sonnet-4-20250514' } },
  orchestration: { pattern: 'plan_and_execute' },
  tools: [{ name: 'web_search', type: 'builtin' }],
});

interface AgentDocument {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: object;
  readonly spec: object;
}

/** An agent as Astromesh writes it; its model is the assistant's, if it names none. */
export function agentDocument(name: string, spec: object = {}): AgentDocument {
  return {
    apiVersion: 'astromesh/v1',
    kind: 'Agent',
    metadata: { name, version: '1.0.0', namespace: 'default' },
    spec: { model: { primary: { provider: 'openai', model: 'gpt-4o' } }, ...spec },
  };
}

/** A server with the agents of the page, whose models answer by script. */
export class AstromeshServer {
  private constructor(
    readonly app: TestApp,
    private readonly models: ModelServer,
    private readonly web: WebStub,
  ) {}

  static async start(): Promise<AstromeshServer> {
    const models = await ModelServer.start();
    models.answer(({ body }) => replyTo(body.messages));
    const web = await WebStub.start({ '/search': json({ results: [{ title: 'Astromesh Docs', url: 'https://...', content: 'It is.' }] }) });
    const app = await startApp({
      env: {
        HEDDLE_COMPAT_PORTS: 'astromesh=0',
        HEDDLE_EGRESS_ALLOW: '127.0.0.1',
        HEDDLE_SECRET_SEARCH_API_KEY: 'tvly-1',
        HEDDLE_SECRET_SEARCH_URL: web.url,
      },
    });
    const server = new AstromeshServer(app, models, web);
    for (const agent of [ASSISTANT, RESEARCHER]) await server.deploy(agent);
    return server;
  }

  /** A document whose models are the scripted ones. */
  here<T extends object>(document: T): T {
    const text = JSON.stringify(document);
    return JSON.parse(text.replaceAll('"model":"', `"endpoint":"${this.models.url}","retry":{"max_attempts":1},"model":"`)) as T;
  }

  /** Registers and deploys an agent; its name. */
  async deploy(document: object): Promise<string> {
    const astromesh = new DialectClient(`${this.app.url}/compat/astromesh`, this.app.adminKey);
    const { name } = await astromesh.post<{ name: string }>('/v1/agents', this.here(document), 201);
    await astromesh.post(`/v1/agents/${name}/deploy`, undefined, 200);
    return name;
  }

  async close(): Promise<void> {
    await this.app.close();
    this.models.stop();
    this.web.stop();
  }
}

/** What a model answers, by the question. */
function replyTo(messages: readonly { readonly role: string; readonly content: unknown }[]): ModelReply {
  const last = messages.at(-1);
  if (last?.role === 'tool') return { text: ANSWER, usage: { input: 650, output: 230 } };
  const asked = JSON.stringify(last?.content ?? '');
  const found = REPLIES.find(([word]) => asked.includes(word));
  return found?.[1] ?? { text: 'I see.' };
}

const REPLIES: readonly (readonly [string, ModelReply])[] = [
  ['trends', { toolCalls: [{ name: 'web_search', input: { query: 'latest AI trends 2026' } }], usage: { input: 600, output: 200 } }],
  ['time', { toolCalls: [{ name: 'datetime_now' }] }],
  ['Hello', { text: 'Hi! How can I help?' }],
  ['Astromesh', { text: 'Astromesh is...' }],
  ['quantum', { text: 'Quantum computing is about qubits.', pieceMs: 200 }],
  ['slow', { delayMs: 60_000 }],
  ['fail', { status: 500 }],
];
