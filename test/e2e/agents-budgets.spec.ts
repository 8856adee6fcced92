import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentProblem, storeAgent } from '../support/agents.js';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { ModelServer } from '../support/model-server.js';
import { runToEnd, storeWorkflow } from '../support/runs.js';

const NAMES = ['run', 'session', 'session_day', 'agent', 'agent_day', 'key', 'key_day', 'tenant', 'tenant_day'] as const;
/** Each is used up by the third call of a model or of a tool, if not before. */
const LIMITS = { tokens: 500, cost_usd: 0.0005, tool_calls: 2, wall_time_ms: 150 } as const;

let app: TestApp;
let models: ModelServer;
let file: string;
let tenants = 0;

beforeAll(async () => {
  models = await ModelServer.start();
  file = join(tmpdir(), `heddle-budgets-${process.pid}.yaml`);
  await writeFile(file, 'budgets: { session: { tool_calls: 4 }, run: { tokens: 100000 } }\n');
  app = await startApp({ env: { HEDDLE_EGRESS_ALLOW: '127.0.0.1', HEDDLE_MODELS_FILE: file } });
});
afterAll(async () => {
  await app.close();
  models.stop();
});

/** Of a tenant of its own, so that nobody else's spending counts. */
async function newcomer(): Promise<ApiClient> {
  tenants += 1;
  return (await app.createKey({ role: 'operator', tenant: `budget-${tenants}` })).api;
}

function agent(name: string, more: object = {}): object {
  const primary = models.block(name, { price: { input: 1, output: 1 }, parameters: { max_tokens: 50 } });
  return { name, model: { primary }, tools: ['calculate'], orchestration: { max_repeats: 20 }, ...more };
}

/** Calls the tool, and is done when it has its result. */
function busy(delayMs: number): void {
  models.answer(({ body }) => ({
    delayMs,
    usage: { input: 100, output: 20 },
    ...(body.messages.at(-1)?.role === 'tool' ? { text: 'done' } : { toolCalls: [{ name: 'calculate', input: { expression: '1 + 1' } }] }),
  }));
}

/** Asks in one session until there is no more. */
async function askUntilRefused(
  api: ApiClient,
  name: string,
): Promise<{ answered: number; refusal: AgentProblem; retryAfter: string | null }> {
  for (let answered = 0; answered < 10; answered++) {
    const { status, body, headers } = await api.post<AgentProblem>(`/agents/${name}/run`, { query: 'Hi', session_id: 's' });
    if (status !== 200) return { answered, refusal: body, retryAfter: headers.get('retry-after') };
  }
  throw new Error('the budget was never used up');
}

describe.each(NAMES)('a budget by %s', (name) => {
  it.each(Object.entries(LIMITS))('of %s = %d ends with 429', async (what, limit) => {
    const api = await newcomer();
    // A run has its budget for itself, so one call has to exceed it.
    const own = name === 'run' ? { tokens: 200, cost_usd: 0.0002, tool_calls: 0, wall_time_ms: 100 }[what] : limit;
    await storeAgent(api, agent('spender', { budget: { [name]: { [what]: own } } }));
    busy(what === 'wall_time_ms' ? 60 : 0);
    const { refusal, retryAfter } = await askUntilRefused(api, 'spender');
    expect(refusal).toMatchObject({ code: 'budget_exceeded', stop_reason: 'budget_exceeded', status: 429 });
    if (name === 'run' && what === 'wall_time_ms') return;
    const [scope, day] = name.split('_');
    expect(refusal).toMatchObject({ scope, what, limit: own, ...(name === 'run' ? {} : { period: day ?? 'total' }) });
    expect(retryAfter !== null).toBe(day === 'day');
  });
});

describe('budgets', () => {
  it('of one day for a run make no sense', async () => {
    const answer = await (await newcomer()).post('/agents', agent('x', { budget: { run_day: { tokens: 1 } } }));
    expect(answer).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/budget/run_day', message: expect.stringContaining('`run`') as string }] },
    });
  });

  it('of a session are its own', async () => {
    const api = await newcomer();
    await storeAgent(api, agent('spender', { budget: { session: { tool_calls: 1 } } }));
    busy(0);
    const ask = (session: string) => api.post(`/agents/spender/run`, { query: 'Hi', session_id: session });
    expect([(await ask('a')).status, (await ask('b')).status, (await ask('a')).status]).toEqual([200, 200, 429]);
  });

  it('of the operator hold for everybody', async () => {
    const api = await newcomer();
    await storeAgent(api, agent('spender', { budget: { session: { tool_calls: 100 } } }));
    busy(0);
    expect(await askUntilRefused(api, 'spender')).toMatchObject({ answered: 4, refusal: { scope: 'session', limit: 4 } });
  });

  it('of a key count what it has asked for, also through workflows and other agents', async () => {
    const api = await newcomer();
    const { api: other } = await app.createKey({ role: 'operator', tenant: `budget-${tenants}` });
    await storeAgent(api, agent('spender', { budget: { key: { tool_calls: 3 } } }));
    const boss = {
      provider: 'scripted',
      model: 's',
      rules: [{ when: { turn: 1 }, reply: 'ok' }, { tool_calls: [{ name: 'agent_spender', input: { query: 'x' } }] }],
    };
    await storeAgent(api, { name: 'boss', model: { primary: boss }, tools: ['agent_spender'] });
    const workflow = 'a/spends';
    await storeWorkflow(api, { name: workflow, nodes: [{ id: 'ask', type: 'agent.run', config: { agent: 'spender', query: 'x' } }] });
    const outer = 'a/outer';
    await storeWorkflow(api, { name: outer, nodes: [{ id: 'w', type: 'workflow.run', config: { workflow: 'a/spends' } }] });
    busy(0);
    expect((await runToEnd(api, outer)).status).toBe('success');
    expect((await api.post('/agents/boss/run', { query: 'x' })).status).toBe(200);
    expect((await api.post('/tools/agent_spender/execute', { input: { query: 'x' } })).status).toBe(200);
    expect(await api.post('/tools/agent_spender/execute', { input: { query: 'x' } })).toMatchObject({
      status: 429,
      body: { code: 'budget_exceeded' },
    });
    expect(await api.post('/agents/spender/run', { query: 'x' })).toMatchObject({ status: 429, body: { scope: 'key', used: 3 } });
    expect(await runToEnd(api, workflow)).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' } });
    expect((await runToEnd(other, workflow)).status).toBe('success');
  });

  it('of time end a tool that takes longer', async () => {
    const api = await newcomer();
    await storeAgent(api, agent('spender', { tools: ['run_javascript'], budget: { agent: { wall_time_ms: 1_500 } } }));
    models.answer(({ body }) =>
      body.messages.at(-1)?.role === 'tool'
        ? { text: 'done' }
        : { toolCalls: [{ name: 'run_javascript', input: { code: 'for (;;) {}' } }] },
    );
    expect(await askUntilRefused(api, 'spender')).toMatchObject({ refusal: { what: 'wall_time_ms', scope: 'agent' } });
  });
});
