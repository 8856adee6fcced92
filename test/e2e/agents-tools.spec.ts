import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, storeAgent } from '../support/agents.js';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { type ModelCall, ModelServer } from '../support/model-server.js';
import type { RunBody } from '../support/runs.js';

interface ToolAnswer {
  readonly tool: string;
  readonly output: unknown;
  readonly timing_ms: number;
  readonly code?: string;
}

let app: TestApp;
let api: ApiClient;
let models: ModelServer;

beforeAll(async () => {
  models = await ModelServer.start();
  app = await startApp({ env: { HEDDLE_EGRESS_ALLOW: '127.0.0.1' } });
  ({ api } = app);
});
afterAll(async () => {
  await app.close();
  models.stop();
});

const execute = (tool: string, input: object, more: object = {}, as = api) =>
  as.post<ToolAnswer>(`/tools/${tool}/execute`, { input, ...more });
const agent = (name: string, more: object = {}): object => ({ name, model: { primary: models.block(name) }, ...more });
const lastRole = ({ body }: ModelCall): string | undefined => body.messages.at(-1)?.role;

describe('every agent is a tool', () => {
  it('that is listed, and called with its timing', async () => {
    await storeAgent(api, agent('greeter', { description: 'Greets people.' }));
    models.answer(({ body }) => ({ text: `Hello ${JSON.stringify(body.messages.at(-1)?.content)}`, delayMs: 30 }));
    const { body: listed } = await api.get<{ data: object[] }>('/tools', { query: { source: 'agent' } });
    expect(listed.data).toMatchObject([
      { name: 'agent_greeter', description: 'Greets people.', source: 'agent', is_run: true, input_schema: { required: ['query'] } },
    ]);
    const { status, body } = await execute('agent_greeter', { query: 'Ann' });
    expect({ status, body }).toMatchObject({ status: 200, body: { tool: 'agent_greeter', output: 'Hello "Ann"' } });
    expect(body.timing_ms).toBeGreaterThanOrEqual(30);
    const { body: runs } = await api.get<{ data: RunBody[] }>('/runs', { query: { agent: 'greeter' } });
    expect(runs.data).toMatchObject([{ status: 'success', trigger: 'api' }]);
  });

  it('with its data where its answers have a form, and its failure where it fails', async () => {
    await storeAgent(api, agent('judge', { output_schema: { verdict: { type: 'string' } }, output_repairs: 0 }));
    models.reply({ text: '{"verdict": "fine"}' }, { text: 'no JSON' });
    expect((await execute('agent_judge', { query: 'x' })).body).toMatchObject({ output: { verdict: 'fine' } });
    expect(await execute('agent_judge', { query: 'x' })).toMatchObject({ status: 422, body: { code: 'invalid_output' } });
    expect(await execute('agent_judge', {})).toMatchObject({ status: 422, body: { errors: [{ path: '/input/query' }] } });
  });

  it('for its own tenant, and for those who may run agents', async () => {
    const narrow = await app.createKey({ role: 'operator', scopes: ['tools.execute'] });
    expect(await execute('agent_greeter', { query: 'x' }, {}, narrow.api)).toMatchObject({
      status: 403,
      body: { missing_permission: 'runs.create' },
    });
    expect(await execute('rag_query', { query: 'x' }, {}, narrow.api)).toMatchObject({
      status: 403,
      body: { missing_permission: 'rag.read' },
    });
    const other = await app.createKey({ role: 'operator', tenant: 'elsewhere' });
    expect((await execute('agent_greeter', { query: 'x' }, {}, other.api)).status).toBe(404);
  });

  it('once it is deployed', async () => {
    await api.post('/agents', agent('unready'), { query: { draft: 'true' } });
    const { body: listed } = await api.get<{ data: object[] }>('/tools', { query: { source: 'agent', q: 'unready' } });
    expect(listed.data).toEqual([]);
    expect((await execute('agent_unready', { query: 'x' })).status).toBeOneOf([404, 409]);
    await api.post('/agents/unready/deploy');
    models.reply({ text: 'ready' });
    expect((await execute('agent_unready', { query: 'x' })).body).toMatchObject({ output: 'ready' });
  });

  it('is cancelled when the time is over', async () => {
    await storeAgent(api, agent('sleeper'));
    models.reply({ stallAfter: 1 });
    expect((await execute('agent_sleeper', { query: 'x' }, { timeout_ms: 200 })).status).toBe(408);
  });

  it('of others, named like any tool', async () => {
    await storeAgent(api, agent('asker', { tools: ['agent_greeter'] }));
    models.answer((call) =>
      call.body.model !== 'asker' || lastRole(call) === 'tool'
        ? { text: 'done' }
        : { toolCalls: [{ name: 'agent_greeter', input: { query: 'Bob' } }] },
    );
    expect(await ask(api, 'asker', 'go')).toMatchObject({ tool_calls: [{ tool: 'agent_greeter', output: 'done' }] });
    expect(await api.post('/agents', agent('mirror', { tools: ['agent_mirror'] }))).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/tools/0', code: 'cycle' }] },
    });
  });
});

describe('agents that call each other in a circle', () => {
  it('come to an end at the limit of their depth, which says so', async () => {
    await storeAgent(api, agent('pong'));
    await storeAgent(api, agent('ping', { tools: ['agent_pong'], orchestration: { max_depth: 3 } }));
    await storeAgent(api, agent('pong', { tools: ['agent_ping'], orchestration: { max_depth: 3 } }));
    models.answer((call) =>
      lastRole(call) === 'tool'
        ? { text: JSON.stringify(call.body.messages.at(-1)?.content) }
        : { toolCalls: [{ name: call.body.model === 'ping' ? 'agent_pong' : 'agent_ping', input: { query: 'go' } }] },
    );
    const { response } = await ask(api, 'ping', 'go');
    expect(response).toContain('depth_exceeded');
    // The one that was asked, and three below it, each with a call before and one after.
    expect(models.calls).toHaveLength(8);
    const { body: runs } = await api.get<{ data: RunBody[] }>('/runs', { query: { agent: 'ping' } });
    expect(runs.data.map(({ status }) => status)).toEqual(['success', 'success']);
  });
});
