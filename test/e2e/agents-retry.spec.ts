import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventsOf, storeAgent } from '../support/agents.js';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { type ModelCall, type ModelReply, ModelServer } from '../support/model-server.js';
import { eventually, runToEnd, storeWorkflow, type RunBody } from '../support/runs.js';
import { WebStub } from '../support/web-stub.js';

/** A node that asks an agent is tried again: what was finished is neither paid nor done a second time. */

let app: TestApp;
let api: ApiClient;
let models: ModelServer;
let web: WebStub;
let requests = 0;

beforeAll(async () => {
  models = await ModelServer.start();
  web = await WebStub.start({
    '/count': (_, response) => {
      requests += 1;
      response.end('counted');
    },
    // Takes the order and never answers.
    '/order': () => {
      requests += 1;
    },
  });
  app = await startApp({ env: { HEDDLE_EGRESS_ALLOW: '127.0.0.1' } });
  ({ api } = app);
});
afterAll(async () => {
  await app.close();
  models.stop();
  web.stop();
});
beforeEach(() => {
  requests = 0;
});

let names = 0;
/** Stores an agent and a workflow that asks it, and answers with the workflow's name. */
async function asking(node: object, more: object = {}): Promise<{ workflow: string; agent: string }> {
  names += 1;
  const agent = `asked${names}`;
  const primary = models.block(agent, { retry: { max_attempts: 1 } });
  await storeAgent(api, { name: agent, model: { primary }, tools: ['http_request'], ...more });
  const workflow = `retry/w${names}`;
  const config = { agent, query: 'go', ...('config' in node ? (node.config as object) : {}) };
  await storeWorkflow(api, { name: workflow, nodes: [{ id: 'ask', type: 'agent.run', ...node, config }] });
  return { workflow, agent };
}
const fetching = (path: string): ModelReply => ({
  toolCalls: [{ name: 'http_request', input: { url: `${web.url}${path}`, method: 'POST' } }],
});
const toolsDone = ({ body }: ModelCall): number => body.messages.filter(({ role }) => role === 'tool').length;
const RETRY = { max_attempts: 3, backoff: 'constant', initial_delay_ms: 1 };

describe('a node that is tried again', () => {
  it('goes on with the turns that are done', async () => {
    const memory = { conversational: {} };
    const { workflow, agent } = await asking({ retry: RETRY, config: { session_id: 's' } }, { memory });
    models.reply(fetching('/count'), { status: 500 }, { text: 'done at last', usage: { input: 10, output: 5 } });
    const run = await runToEnd(api, workflow);
    expect(run).toMatchObject({
      status: 'success',
      outputs: { ask: { response: 'done at last', tool_calls: [{ tool: 'http_request' }], turns: 2, usage: { total_tokens: 30 } } },
    });
    expect([models.calls.length, requests]).toEqual([3, 1]);
    expect(models.calls[2]?.body.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    // The turn that failed was given up, the one that succeeded is remembered.
    const { body } = await api.get<{ messages: { role: string }[] }>(`/memory/${agent}/sessions/s`);
    expect(body.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    const paths = (await eventsOf(api, run.id)).flatMap(({ type, step }) => (type === 'step.completed' ? [step] : []));
    expect(paths).toEqual(expect.arrayContaining(['ask/turn-1/model', 'ask/turn-1/tool-1', 'ask#2/turn-2/model']));
  });

  it('tells the model of a call whose end nobody saw, and does not make it again', async () => {
    const { workflow } = await asking({ retry: { ...RETRY, max_attempts: 2 }, timeout_ms: 1_500 });
    models.answer((call) => (toolsDone(call) === 0 ? fetching('/order') : { text: JSON.stringify(call.body.messages.at(-1)?.content) }));
    const { outputs } = await runToEnd(api, workflow);
    expect(JSON.stringify(outputs)).toContain('outcome_unknown');
    expect([models.calls.length, requests]).toEqual([2, 1]);
  });

  it('also as a part of a run that begins anew', async () => {
    const { agent } = await asking({});
    const node = { id: 'ask', type: 'agent.run', config: { agent, query: 'go' } };
    await storeWorkflow(api, {
      name: 'retry/whole',
      nodes: [node],
      settings: { on_error: 'retry_run', retry: { max_attempts: 2, backoff: 'constant', initial_delay_ms: 1 } },
    });
    models.reply(fetching('/count'), { status: 500 }, { text: 'done' });
    expect(await runToEnd(api, 'retry/whole')).toMatchObject({ status: 'success', outputs: { ask: { response: 'done' } } });
    expect([models.calls.length, requests]).toEqual([3, 1]);
  });

  it('and a run that is resumed goes on with what all attempts have done', async () => {
    const { workflow } = await asking({ retry: { ...RETRY, max_attempts: 2 } });
    models.reply(fetching('/count'), { status: 500 }, fetching('/count'), { status: 500 });
    const failed = await runToEnd(api, workflow);
    expect([failed.status, models.calls.length, requests]).toEqual(['failed', 4, 2]);
    models.reply({ text: 'mended' });
    const { body } = await api.post<RunBody>(`/runs/${failed.id}/resume`, {});
    const run = await eventually(
      async () => (await api.get<RunBody>(`/runs/${body.id}`)).body,
      ({ status }) => status === 'success' || status === 'failed',
    );
    expect(run).toMatchObject({ status: 'success', outputs: { ask: { response: 'mended', turns: 3 } } });
    expect([models.calls.length, toolsDone(models.calls[0] as ModelCall), requests]).toEqual([1, 2, 2]);
  });
});
