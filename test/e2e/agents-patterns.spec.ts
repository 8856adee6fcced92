import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentProblem, ask, eventsOf, storeAgent } from '../support/agents.js';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { ModelServer, type ModelCall } from '../support/model-server.js';
import type { RunBody } from '../support/runs.js';

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

const system = ({ body }: ModelCall): string => JSON.stringify(body.messages.filter(({ role }) => role === 'system'));
const asked = ({ body }: ModelCall): string => JSON.stringify(body.messages.filter(({ role }) => role === 'user').at(-1)?.content);
const stepsOf = async (runId: string): Promise<(string | undefined)[]> =>
  (await eventsOf(api, runId)).filter(({ type }) => type === 'step.completed').map(({ step }) => step);

describe('plan_and_execute', () => {
  const planner = (plan: object) => (call: ModelCall) => {
    if (system(call).includes('Divide the task')) return { text: JSON.stringify(plan) };
    if (system(call).includes('Answer the task from the results')) return { text: `answer: ${asked(call)}` };
    return { text: `did ${/(paint|build|buy)/.exec(asked(call))?.[0]}`, delayMs: 30 };
  };

  it('takes steps in the order of what they need, and independent ones at the same time', async () => {
    await storeAgent(api, { name: 'planner', model: { primary: models.block('p') }, orchestration: { pattern: 'plan_and_execute' } });
    let [underWay, most] = [0, 0];
    const plan = {
      steps: [
        { step: 'c', description: 'paint it', depends_on: ['a', 'b'] },
        { step: 'a', description: 'buy wood' },
        { step: 'b', description: 'build it' },
      ],
    };
    models.answer(async (call) => {
      most = Math.max(most, (underWay += 1));
      await new Promise((resolve) => setTimeout(resolve, 40));
      underWay -= 1;
      return planner(plan)(call);
    });
    const answer = await ask(api, 'planner', 'Make a table');
    const order = models.calls.map(asked);
    expect(order[3]).toContain('paint it');
    expect(order[3]).toContain('did buy');
    expect(order[3]).toContain('did build');
    expect(most).toBe(2);
    expect(answer.response).toContain('did paint');
    expect(await stepsOf(answer.run_id)).toEqual(
      expect.arrayContaining(['planner/plan/model', 'planner/step-a/turn-1/model', 'planner/answer/turn-1/model']),
    );
  });

  it.each([
    [
      'a circle',
      {
        steps: [
          { step: 'a', description: 'x', depends_on: ['b'] },
          { step: 'b', description: 'y', depends_on: ['a'] },
        ],
      },
    ],
    ['a step that is not there', { steps: [{ step: 'a', description: 'x', depends_on: ['z'] }] }],
  ])('%s is no plan', async (_, plan) => {
    models.answer(planner(plan));
    const { status, body } = await api.post<AgentProblem>('/agents/planner/run', { query: 'Make a table' });
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'invalid_plan' });
  });
});

it('parallel_fan_out works on parts and puts them together', async () => {
  await storeAgent(api, {
    name: 'fan',
    model: { primary: models.block('f'), roles: { planner: { candidates: [models.block('planning')] } } },
    orchestration: { pattern: 'parallel_fan_out' },
  });
  models.answer((call) => {
    if (system(call).includes('Cut the task')) return { text: '["north", "south"]' };
    if (system(call).includes('put them together') || system(call).includes('found out about its parts')) return { text: asked(call) };
    return { text: `looked ${asked(call)}` };
  });
  const answer = await ask(api, 'fan', 'Look around');
  expect(answer.response).toContain('looked');
  expect(answer.response).toContain('south');
  expect(models.calls.map(({ body }) => body.model)).toEqual(['planning', 'f', 'f', 'f']);
});

it('pipeline hands on from stage to stage', async () => {
  const stages = [
    { name: 'draft', instructions: 'Draft it.' },
    { name: 'polish', instructions: 'Polish it.' },
  ];
  await storeAgent(api, { name: 'pipe', model: { primary: models.block('s') }, orchestration: { pattern: 'pipeline', stages } });
  models.answer((call) => ({ text: system(call).includes('Draft') ? 'rough' : `fine (${asked(call).includes('rough')})` }));
  const answer = await ask(api, 'pipe', 'Write');
  expect(answer.response).toBe('fine (true)');
  expect(await stepsOf(answer.run_id)).toEqual(['pipe/draft/turn-1/model', 'pipe/polish/turn-1/model', 'pipe']);
});

it('supervisor gives work to agents until it is done', async () => {
  await storeAgent(api, { name: 'writer', description: 'Writes', model: { primary: models.block('w') } });
  await storeAgent(api, {
    name: 'chief',
    model: { primary: models.block('c') },
    orchestration: { pattern: 'supervisor', agents: [{ agent: 'writer' }] },
  });
  models.answer((call) => {
    if (call.body.model === 'w') return { text: `wrote ${asked(call)}` };
    return asked(call).includes('Result of writer')
      ? { text: '{"final_answer": "It is written"}' }
      : { text: '{"delegate": "writer", "task": "a poem"}' };
  });
  const answer = await ask(api, 'chief', 'A poem, please');
  expect(answer).toMatchObject({ response: 'It is written', tool_calls: [{ tool: 'writer', input: { query: 'a poem' } }] });
  const { data } = (await api.get<{ data: (RunBody & { agent: { name: string } })[] }>('/runs', { query: { parent: answer.run_id } })).body;
  expect(data.map(({ agent }) => agent.name)).toEqual(['writer']);
});

it('swarm hands the conversation over', async () => {
  await storeAgent(api, {
    name: 'refunds',
    description: 'Gives money back',
    instructions: 'You do refunds.',
    model: { primary: models.block('r') },
  });
  await storeAgent(api, {
    name: 'desk',
    instructions: 'You greet.',
    model: { primary: models.block('d') },
    orchestration: { pattern: 'swarm', agents: [{ agent: 'refunds', description: 'Gives money back' }] },
  });
  models.answer(({ body }) => (body.model === 'd' ? { text: '{"handoff": "refunds", "context": "wants money"}' } : { text: 'Refunded' }));
  const answer = await ask(api, 'desk', 'Money back!');
  expect(answer).toMatchObject({ response: 'Refunded', final_agent: 'refunds', tool_calls: [] });
  expect(system(models.calls[1] as ModelCall)).toContain('You do refunds.');
  expect(JSON.stringify(models.calls[1]?.body.messages)).toContain('wants money');
});

describe('routing', () => {
  const choice = (routing: string) => ({
    primary: models.block('dear', { price: { input: 10, output: 10 }, capabilities: ['tools'] }),
    fallback: [models.block('cheap', { price: { input: 1, output: 1 }, capabilities: ['json'] })],
    routing,
  });

  it.each([
    ['quality_first', ['dear', 'dear']],
    ['cost_optimized', ['cheap', 'cheap']],
    ['round_robin', ['dear', 'cheap']],
  ])('%s', async (routing, expected) => {
    await storeAgent(api, { name: `routed-${routing}`, model: choice(routing) });
    models.reply({ text: 'ok' });
    await ask(api, `routed-${routing}`, 'Hi');
    await ask(api, `routed-${routing}`, 'Hi');
    expect(models.calls.map(({ body }) => body.model)).toEqual(expected);
  });

  it('capability_match', async () => {
    await storeAgent(api, { name: 'able', model: choice('capability_match'), output_schema: { type: 'object' } });
    models.reply({ text: '{}' });
    await ask(api, 'able', 'Hi');
    expect(models.calls.map(({ body }) => body.model)).toEqual(['cheap']);
  });

  it('latency_optimized', async () => {
    await storeAgent(api, {
      name: 'quick',
      model: { primary: models.block('sluggish'), fallback: [models.block('fast')], routing: 'latency_optimized' },
    });
    models.answer(({ body }) => ({ text: 'ok', ...(body.model === 'sluggish' ? { delayMs: 80 } : {}) }));
    for (let time = 0; time < 3; time++) await ask(api, 'quick', 'Hi');
    // Each is tried once, then the faster one is asked.
    expect(models.calls.map(({ body }) => body.model)).toEqual(['sluggish', 'fast', 'fast']);
  });

  it('what the caller asks for comes first', async () => {
    await storeAgent(api, { name: 'told', model: choice('quality_first') });
    models.reply({ text: 'ok' });
    await ask(api, 'told', 'Hi', { model: 'cheap' });
    expect(models.calls.map(({ body }) => body.model)).toEqual(['cheap']);
  });
});
