import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { runToEnd, storeWorkflow } from '../support/runs.js';

let app: TestApp;
let api: ApiClient;

beforeAll(async () => {
  app = await startApp();
  ({ api } = app);
});
afterAll(() => app.close());

const echo = { provider: 'scripted', model: 'echo', rules: [{ reply: 'echo $user' }] };
const workflow = (name: string, agent: object): object => ({
  name: `inline/${name}`,
  nodes: [{ id: 'ask', type: 'agent.run', config: { agent, query: '{{ inputs.query }}' } }],
});

describe('an agent that stands in a workflow', () => {
  it('answers as one of the store does, and is in no list', async () => {
    await storeWorkflow(api, workflow('echo', { name: 'parrot', model: { primary: echo } }));
    const run = await runToEnd(api, 'inline/echo', { inputs: { query: 'Hello' } });
    expect(run).toMatchObject({
      status: 'success',
      outputs: { ask: { response: 'echo Hello', agent: { name: 'parrot', version: 1 }, usage: { cost_usd: 0 } } },
    });
    expect((await api.get<{ data: unknown[] }>('/agents')).body.data).toEqual([]);
  });

  it('has the model of the server when it names none', async () => {
    await storeWorkflow(api, workflow('default', { name: 'anybody' }));
    const run = await runToEnd(api, 'inline/default', { inputs: { query: 'Hello' } });
    expect(run.outputs).toMatchObject({ ask: { model: 'scripted/offline', response: expect.stringContaining('Hello') as string } });
  });

  it('may be told its limits by expressions, and keeps them', async () => {
    const budget = { run: { tokens: '{{ inputs.tokens }}' } };
    await storeWorkflow(api, workflow('budget', { name: 'poor', model: { primary: echo }, budget }));
    const run = (tokens: unknown) => runToEnd(api, 'inline/budget', { inputs: { query: 'Hello', tokens } });
    expect(await run(1_000)).toMatchObject({ status: 'success' });
    expect(await run(1)).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' } });
    expect(await run('many')).toMatchObject({ status: 'failed', error: { code: 'invalid_agent', step: 'ask' } });
  });

  it('is checked when its workflow is stored', async () => {
    const { status, body } = await api.post(
      '/workflows',
      workflow('faulty', { name: '1st', model: { primary: { provider: 'x', model: 'y' } } }),
    );
    expect(status).toBe(422);
    expect(body).toMatchObject({
      errors: expect.arrayContaining([
        expect.objectContaining({ path: '/nodes/0/config/agent/name', code: 'pattern' }),
        expect.objectContaining({ path: '/nodes/0/config/agent/model/primary/provider', code: 'enum' }),
      ]) as unknown,
    });
  });
});
