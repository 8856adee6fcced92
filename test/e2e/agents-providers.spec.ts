import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AgentProblem, ask, storeAgent, streamAnswer } from '../support/agents.js';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { type ModelCall, ModelServer } from '../support/model-server.js';

/** Every provider's own wire, spoken by its adapter to a server that answers by script. */

interface Wire {
  readonly provider: string;
  /** What `base_url` is on that server. */
  readonly base: (url: string) => string;
  readonly path: RegExp;
  readonly key: (headers: ModelCall['headers']) => unknown;
  /** The result of a tool, as the provider is told it. */
  readonly told: (body: never) => unknown;
}

const WIRES: readonly Wire[] = [
  {
    provider: 'openai',
    base: (url) => url,
    path: /^\/v1\/chat\/completions$/,
    key: ({ authorization }) => authorization,
    told: ({ messages }: { messages: { role: string; content: string }[] }) => messages.find(({ role }) => role === 'tool')?.content,
  },
  {
    provider: 'google',
    base: (url) => url.replace('/v1', '/v1beta'),
    path: /^\/v1beta\/models\/google-1:streamGenerateContent\?alt=sse$/,
    key: (headers) => `Bearer ${String(headers['x-goog-api-key'])}`,
    told: ({ contents }: { contents: { parts: { functionResponse?: object }[] }[] }) =>
      JSON.stringify(contents.flatMap(({ parts }) => parts).find((part) => part.functionResponse !== undefined)),
  },
  {
    provider: 'anthropic',
    base: (url) => url,
    path: /^\/v1\/messages$/,
    key: (headers) => `Bearer ${String(headers['x-api-key'])}`,
    told: ({ messages }: { messages: { content: { type: string }[] }[] }) =>
      JSON.stringify(messages.flatMap(({ content }) => content).find(({ type }) => type === 'tool_result')),
  },
];

let app: TestApp;
let api: ApiClient;
let models: ModelServer;
let next: ModelServer;

beforeAll(async () => {
  [models, next] = await Promise.all([ModelServer.start(), ModelServer.start()]);
  app = await startApp({ env: { HEDDLE_EGRESS_ALLOW: '127.0.0.1', SOME_API_KEY: 'sk-own' } });
  ({ api } = app);
});
afterAll(async () => {
  await app.close();
  models.stop();
  next.stop();
});
beforeEach(() => next.reply({ text: 'the next' }));

describe.each(WIRES)('$provider', ({ provider, base, path, key, told }) => {
  let agents = 0;
  /** Each with a circuit of its own. */
  async function agent(more: object = {}, block: object = {}): Promise<string> {
    agents += 1;
    const name = `${provider}-${agents}`;
    const own = { provider, model: name, base_url: base(models.url), api_key_env: 'SOME_API_KEY', price: { input: 2, output: 8 } };
    await storeAgent(api, {
      name,
      instructions: 'Be short.',
      model: {
        primary: { ...own, retry: { max_attempts: 2, initial_delay_ms: 1, max_delay_ms: 100 }, ...block },
        fallback: [next.block(`n${name}`)],
      },
      tools: [{ name: 'calculate' }],
      ...more,
    });
    return name;
  }

  it('streams its answer, with usage and cost', async () => {
    const name = await agent();
    models.reply({ text: 'Hello out there', usage: { input: 1_000, output: 500 } });
    const frames = await streamAnswer(api, name, 'Hi');
    expect(frames.flatMap(({ event, data }) => (event === 'token' ? [data['content']] : [])).join('')).toBe('Hello out there');
    expect(frames.at(-1)?.data).toMatchObject({
      answer: 'Hello out there',
      provider,
      model: `${provider}/${name}`,
      usage: { input_tokens: 1_000, output_tokens: 500, total_tokens: 1_500, cost_usd: 0.006 },
    });
    expect(models.calls[0]?.path).toMatch(path);
    expect(key(models.calls[0]?.headers ?? {})).toBe('Bearer sk-own');
  });

  it('calls tools and is told what they came to', async () => {
    const name = await agent();
    models.reply({ toolCalls: [{ name: 'calculate', input: { expression: '6 * 7' } }] }, { text: 'It is 42.' });
    expect(await ask(api, name, 'What is six times seven?')).toMatchObject({
      response: 'It is 42.',
      tool_calls: [{ tool: 'calculate', input: { expression: '6 * 7' }, output: { result: 42 } }],
      usage: { total_tokens: 30 },
    });
    expect(told(models.calls[1]?.body as never)).toContain('42');
  });

  it.each([
    ['a passing fault is tried again', { status: 500 }, 'mine', 2],
    ['and so is a limit that is soon over', { status: 429, headers: { 'retry-after': '0' } }, 'mine', 2],
    ['one that lasts is not', { status: 429, headers: { 'retry-after': '60' } }, 'the next', 1],
    ['nor is a key that is refused', { status: 401 }, 'the next', 1],
    ['nor a request that is', { status: 400 }, 'the next', 1],
    ['an answer that cannot be read is tried again', { text: 'x', malformed: true }, 'mine', 2],
    ['and one that breaks off', { text: 'half of it', cutAfter: 2 }, 'mine', 2],
    ['and one that ends without an end', { text: 'half of it', endAfter: 2 }, 'mine', 2],
  ] as const)('%s', async (_, first, response, calls) => {
    const name = await agent();
    models.reply(first, { text: 'mine' });
    expect((await ask(api, name, 'Hi')).response).toBe(response);
    expect(models.calls).toHaveLength(calls);
  });

  it('says that its answer was cut off', async () => {
    const name = await agent();
    models.reply({ text: 'too long', finish: 'length' });
    const { status, body } = await api.post<AgentProblem>(`/agents/${name}/run`, { query: 'Hi' });
    expect({ status, code: body.code, partial: body['partial'] }).toEqual({ status: 422, code: 'output_truncated', partial: 'too long' });
  });
});
