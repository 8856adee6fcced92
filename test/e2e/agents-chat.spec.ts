import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { ModelServer } from '../support/model-server.js';
import { eventually, runToEnd, storeWorkflow, type EventBody, type RunBody } from '../support/runs.js';

let app: TestApp;
let api: ApiClient;
let models: ModelServer;

beforeAll(async () => {
  models = await ModelServer.start();
  app = await startApp({ env: { HEDDLE_EGRESS_ALLOW: '127.0.0.1' } });
  ({ api } = app);
});
afterAll(async () => {
  await app?.close();
  models.stop();
});
beforeEach(() => models.reply({ text: 'unexpected' }));

const agent = (): object => ({ name: 'helper', instructions: 'Be brief.', model: { primary: models.block('m') } });
const messagesOf = (call: number): unknown => models.calls[call]?.body.messages;
const store = (name: string, type: string, config: object): Promise<unknown> =>
  storeWorkflow(api, { name: `chat/${name}`, nodes: [{ id: 'talk', type, config: { agent: agent(), query: 'Hello', ...config } }] });

describe('an agent that is told what was said before', () => {
  it('goes on with it, and hands the whole conversation on', async () => {
    models.reply({ text: 'As I said: 4.' });
    const history = [
      { role: 'user', content: 'What is 2 + 2?' },
      { role: 'assistant', content: '4' },
    ];
    await store('told', 'agent.run', { history });
    const run = await runToEnd(api, 'chat/told');
    expect(run.outputs).toMatchObject({
      talk: { history: [...history, { role: 'user', content: 'Hello' }, { role: 'assistant', content: 'As I said: 4.' }] },
    });
    expect(messagesOf(0)).toEqual([{ role: 'system', content: 'Be brief.' }, ...history, { role: 'user', content: 'Hello' }]);
  });

  it('answers in the format that is asked for', async () => {
    models.reply({ text: 'Here:\n```json\n{"a": 1}\n```' });
    await store('json', 'agent.run', { format: 'json' });
    expect((await runToEnd(api, 'chat/json')).outputs).toMatchObject({ talk: { response: '{"a": 1}', data: { a: 1 } } });
    models.reply({ text: 'no' });
    expect(await runToEnd(api, 'chat/json')).toMatchObject({ status: 'failed', error: { code: 'invalid_output' } });
  });

  it('refuses what nobody could have said', async () => {
    const definition = {
      name: 'chat/faulty',
      nodes: [
        { id: 'talk', type: 'agent.chat', config: { agent: { name: '1' }, query: 'x', history: [{ role: 'system', content: 'x' }] } },
      ],
    };
    const { status, body } = await api.post<{ errors: { path: string }[] }>('/workflows', definition);
    expect(status).toBe(422);
    expect(body.errors.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/nodes/0/config/history/0/role', '/nodes/0/config/agent/name']),
    );
  });
});

describe('a conversation', () => {
  const prompts = async (id: string): Promise<EventBody[]> =>
    (await api.get<{ data: EventBody[] }>(`/runs/${id}/events`, { query: { types: 'input.required' } })).body.data;

  it('waits for what the person says to each answer, and parks meanwhile', async () => {
    models.reply({ text: 'Which river?' }, { text: 'The Thames is 346 km long.' });
    await store('rivers', 'agent.chat', { query: 'How long is the river?' });
    const { body: run } = await api.post<RunBody>('/workflows/chat%2Frivers/runs', {});
    const [first] = await eventually(
      () => prompts(run.id),
      (found) => found.length === 1,
    );
    expect(first).toMatchObject({
      step: 'talk/round-1/prompt',
      data: { message: 'Which river?', signal: `input:${String(first?.data['prompt_id'])}` },
    });
    await eventually(
      async () => (await api.get<RunBody>(`/runs/${run.id}`)).body,
      ({ status }) => status === 'waiting',
    );
    expect((await api.post(`/runs/${run.id}/signals/${String(first?.data['signal'])}`, 'The Thames')).status).toBe(202);
    const [, second] = await eventually(
      () => prompts(run.id),
      (found) => found.length === 2,
    );
    expect(messagesOf(1)).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'How long is the river?' },
      { role: 'assistant', content: 'Which river?' },
      { role: 'user', content: 'The Thames' },
    ]);
    await api.post(`/runs/${run.id}/signals/${String(second?.data['signal'])}`, ' Exit ');
    const ended = await eventually(
      async () => (await api.get<RunBody>(`/runs/${run.id}`)).body,
      ({ status }) => status === 'success',
    );
    expect(ended.outputs).toMatchObject({
      talk: { response: 'The Thames is 346 km long.', rounds: 2, usage: { input_tokens: 20, output_tokens: 10 }, turns: 1 },
    });
    expect(models.calls).toHaveLength(2);
  });

  it('gives each answer the time that the agent has, and the person all there is', async () => {
    models.reply({ text: 'Hm.' }, { stallAfter: 0 });
    const slow = { ...agent(), orchestration: { timeout_ms: 1_000 } };
    await store('slow', 'agent.chat', { agent: slow });
    const { body: run } = await api.post<RunBody>('/workflows/chat%2Fslow/runs', {});
    const [first] = await eventually(
      () => prompts(run.id),
      (found) => found.length === 1,
    );
    await api.post(`/runs/${run.id}/signals/${String(first?.data['signal'])}`, { value: 'Go on.' });
    const ended = await eventually(
      async () => (await api.get<RunBody & { error: object | null }>(`/runs/${run.id}`)).body,
      ({ status }) => status === 'failed',
    );
    expect(ended.error).toMatchObject({ code: 'deadline_exceeded', step: 'talk' });
  });
});
