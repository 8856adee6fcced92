import { WebSocket } from 'ws';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AgentAnswer, type AgentProblem, ask, askLater, eventsOf, storeAgent, streamAnswer } from '../support/agents.js';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { ModelServer } from '../support/model-server.js';
import { WebStub } from '../support/web-stub.js';
import { eventually, runToEnd, storeWorkflow, type RunBody } from '../support/runs.js';

let app: TestApp;
let api: ApiClient;
let first: ModelServer;
let second: ModelServer;

beforeAll(async () => {
  [first, second] = await Promise.all([ModelServer.start(), ModelServer.start()]);
  app = await startApp({ env: { HEDDLE_EGRESS_ALLOW: '127.0.0.1', FIRST_API_KEY: 'sk-first-secret' } });
  ({ api } = app);
});
afterAll(async () => {
  await app.close();
  first.stop();
  second.stop();
});
beforeEach(() => {
  first.reply({ text: 'one' });
  second.reply({ text: 'two' });
});

/** Every agent has models of its own, so that no test meets another's open circuit. */
let models = 0;
function agent(name: string, more: object = {}, block: object = {}): object {
  models += 1;
  return { name, model: { primary: first.block(`m${models}`, block), fallback: [second.block(`n${models}`)] }, ...more };
}
const failed = async (name: string, query: string, more: object = {}) => api.post<AgentProblem>(`/agents/${name}/run`, { query, ...more });
const clientTool = (name: string) => ({ name, type: 'client', parameters: { id: { type: 'integer' } } });

describe('an agent answers', () => {
  it('with usage, timing and who answered', async () => {
    await storeAgent(
      api,
      agent('plain', { instructions: 'You help {{ context.user | default("somebody") }}.{{ nothing }}' }, { api_key_env: 'FIRST_API_KEY' }),
    );
    first.reply({ text: 'Hello there', usage: { input: 12, output: 3 } });
    const answer = await ask(api, 'plain', 'Hi', { context: { user: 'Ann' } });
    expect(answer).toMatchObject({
      response: 'Hello there',
      stop_reason: 'completed',
      model: `openai_compatible/m${models}`,
      provider: 'openai_compatible',
      usage: { input_tokens: 12, output_tokens: 3, total_tokens: 15, cost_usd: 0 },
      tool_calls: [],
    });
    expect(first.calls[0]?.body.messages[0]).toEqual({ role: 'system', content: 'You help Ann.' });
    expect(first.calls[0]?.headers.authorization).toBe('Bearer sk-first-secret');
    const run = (await api.get<RunBody & { kind: string; agent: object; usage: object }>(`/runs/${answer.run_id}`)).body;
    expect(run).toMatchObject({
      kind: 'agent',
      workflow: null,
      agent: { name: 'plain', version: 1 },
      status: 'success',
      usage: { total_tokens: 15 },
    });
    const listed = await api.get<{ data: { id: string }[] }>('/runs', { query: { agent: 'plain' } });
    expect(listed.body.data.map(({ id }) => id)).toEqual([answer.run_id]);
    expect(JSON.stringify(await eventsOf(api, answer.run_id))).not.toContain('sk-first-secret');
  });

  it('by instructions that are a Jinja template, carried out within limits', async () => {
    const instructions =
      '{% if context.names %}{% for name in context.names %}{{ loop.index }}. {{ name }}\n{% endfor %}{% else %}Nobody.{% endif %}';
    await storeAgent(api, agent('templated', { instructions }));
    const told = async (context: object): Promise<unknown> => {
      first.reply({ text: 'ok' });
      await ask(api, 'templated', 'Hi', { context });
      return first.calls[0]?.body.messages[0]?.content;
    };
    expect(await told({ names: ['Ann', 'Bob'] })).toBe('1. Ann\n2. Bob\n');
    expect(await told({})).toBe('Nobody.');
    const faulty = await api.post('/agents', agent('x', { instructions: '{% for a in' }));
    expect(faulty).toMatchObject({ status: 422, body: { errors: [{ path: '/instructions', code: 'template' }] } });
    const loops = '{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}x{% endfor %}{% endfor %}{% endfor %}';
    await storeAgent(api, agent('endless', { instructions: loops }));
    expect((await failed('endless', 'Hi')).body.code).toBeOneOf(['timeout', 'too_large', 'template_failed']);
  });

  it('in the dialect of Anthropic', async () => {
    await storeAgent(api, {
      name: 'claude',
      model: { primary: { provider: 'anthropic', model: 'claude-sonnet-4', base_url: first.url, price: { input: 3, output: 15 } } },
      tools: [clientTool('lookup')],
    });
    first.reply(
      { text: 'Let me look. ', toolCalls: [{ name: 'lookup', input: { id: 7 } }], usage: { input: 100, output: 10 } },
      { text: 'It was sent.', usage: { input: 200, output: 20 } },
    );
    const answer = await ask(api, 'claude', 'Where is it?');
    expect(answer).toMatchObject({ response: 'It was sent.', tool_calls: [{ tool: 'lookup', input: { id: 7 }, output: { ok: true } }] });
    expect(answer.usage.cost_usd).toBeCloseTo((300 * 3 + 30 * 15) / 1e6, 9);
    expect(first.calls.map(({ path }) => path)).toEqual(['/v1/messages', '/v1/messages']);
  });

  it('later, when asked not to wait', async () => {
    await storeAgent(api, agent('later'));
    const id = await askLater(api, 'later', 'Hi');
    const run = await eventually(
      async () => (await api.get<RunBody>(`/runs/${id}`)).body,
      ({ status }) => status === 'success',
    );
    expect(run.outputs).toMatchObject({ response: 'one' });
  });

  it('as a node of a workflow, of the version that there was when it began', async () => {
    await storeAgent(api, agent('noded'));
    await storeWorkflow(api, {
      name: 'demo/asks',
      inputs: { type: 'object', properties: { q: { type: 'string' } } },
      nodes: [{ id: 'asked', type: 'agent.run', config: { agent: 'noded', query: 'Say {{ inputs.q }}' } }],
      outputs: '{{ nodes.asked.output.response }}',
    });
    const run = await runToEnd(api, 'demo/asks', { inputs: { q: 'one' } });
    expect(run).toMatchObject({ status: 'success', outputs: 'one' });
    expect((await eventsOf(api, run.id)).map(({ step }) => step)).toContain('asked/turn-1/model');
    expect(first.calls[0]?.body.messages.at(-1)).toMatchObject({ role: 'user', content: 'Say one' });
  });

  it('is 404 where there is none', async () => {
    expect((await failed('nobody', 'Hi')).status).toBe(404);
    expect((await api.post('/agents/plain/run', { query: '' })).status).toBe(422);
  });
});

describe('tokens', () => {
  it('come as they are said', async () => {
    await storeAgent(api, agent('speaks'));
    first.reply({ text: 'a b c d e f', pieceMs: 60 });
    const frames = await streamAnswer(api, 'speaks', 'Hi');
    const tokens = frames.filter(({ event }) => event === 'token');
    expect(tokens.length).toBeGreaterThan(1);
    expect(tokens.map(({ data }) => data['text']).join('')).toBe('a b c d e f');
    expect(frames[0]).toMatchObject({ event: 'run' });
    expect(frames.at(-1)).toMatchObject({ event: 'done', data: { response: 'a b c d e f', stop_reason: 'completed' } });
  });

  it('and calls of tools, however large: what the log keeps elsewhere is in its place', async () => {
    const page = 'x'.repeat(300_000);
    const web = await WebStub.start({ '/page': (_, response) => response.end(page) });
    await storeAgent(api, agent('wordy', { tools: ['http_request'] }));
    first.reply({ toolCalls: [{ name: 'http_request', input: { method: 'GET', url: `${web.url}/page` } }] }, { text: 'y'.repeat(400_000) });
    const frames = await streamAnswer(api, 'wordy', 'Hi');
    web.stop();
    const dataOf = (event: string) => frames.find((frame) => frame.event === event)?.data;
    expect(dataOf('tool_result')).toMatchObject({ tool: 'http_request', ok: true, output: { body: page } });
    expect(dataOf('done')).toMatchObject({
      answer: 'y'.repeat(400_000),
      tool_calls: [{ output: { body: page } }],
      stop_reason: 'completed',
    });
  });

  it('over a socket, one question after the other', async () => {
    await storeAgent(api, agent('talks', { tools: [clientTool('lookup')] }));
    first.reply({ toolCalls: [{ name: 'lookup', input: { id: 1 } }] }, { text: 'first' }, { text: 'second' });
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/api/v1/ws/agents/talks`, {
      headers: { authorization: `Bearer ${app.adminKey}` },
    });
    const frames: { type: string; [member: string]: unknown }[] = [];
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as never));
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send('no json');
    socket.send(JSON.stringify({ query: 'one', session_id: 's1' }));
    socket.send(JSON.stringify({ query: 'two', session_id: 's1' }));
    await eventually(
      () => Promise.resolve(frames),
      (all) => all.filter(({ type }) => type === 'done').length === 2,
    );
    socket.close();
    expect(frames.map(({ type }) => type)).toEqual([
      'error',
      'status',
      'run',
      'tool_call',
      'tool_result',
      'token',
      'done',
      'status',
      'run',
      'token',
      'done',
    ]);
    expect(frames[3]).toMatchObject({ tool: 'lookup', input: { id: 1 } });
    expect(frames[4]).toMatchObject({ tool: 'lookup', output: { ok: true }, ok: true });
    expect(frames[6]).toMatchObject({ response: 'first', session_id: 's1' });
  });
});

describe('when a model fails', () => {
  it('the same is asked again for a passing reason, and then the next', async () => {
    await storeAgent(api, agent('persists'));
    first.reply({ status: 503 });
    const answer = await ask(api, 'persists', 'Hi');
    expect(answer.response).toBe('two');
    expect([first.calls.length, second.calls.length]).toEqual([2, 1]);
    expect(answer.usage_by_model).toMatchObject([
      { model: `m${models}`, role: 'reasoner', calls: 2, total_tokens: 0 },
      { model: `n${models}`, role: 'reasoner', calls: 1, total_tokens: answer.usage.total_tokens },
    ]);
  });

  it.each([
    ['a refusal of the key is not repeated', { status: 401 }, 1],
    ['a bad request is not repeated', { status: 400 }, 1],
    ['a long Retry-After means the next model', { status: 429, headers: { 'retry-after': '60' } }, 1],
    ['a short Retry-After is waited for', { status: 429, headers: { 'retry-after-ms': '20' } }, 2],
    ['an answer that cannot be read is asked for again', { malformed: true as const }, 2],
    ['silence is not waited out', { text: 'a b c', stallAfter: 2 }, 2],
  ])('%s', async (_, reply, asked) => {
    await storeAgent(api, agent('tries', {}, { idle_timeout_ms: 200 }));
    first.reply(reply);
    const answer = await ask(api, 'tries', 'Hi');
    expect(answer.response).toBe('two');
    expect(first.calls.length).toBe(asked);
  });

  it('in the middle of its answer, what it said is taken back and the next goes on', async () => {
    await storeAgent(api, agent('fenced', {}, { price: { input: 1_000, output: 1_000 }, retry: { max_attempts: 1 } }));
    first.reply({ text: 'wrong words from the first', pieceMs: 40, cutAfter: 4 });
    const frames = await streamAnswer(api, 'fenced', 'Hi');
    const tokens = frames.filter(({ event }) => event === 'token').map(({ data }) => data);
    const fence = tokens.findIndex((data) => data['void'] === true);
    expect(fence).toBeGreaterThan(0);
    expect(
      tokens
        .slice(fence + 1)
        .map((data) => data['text'])
        .join(''),
    ).toBe('two');
    const done = frames.at(-1)?.data as unknown as AgentAnswer;
    expect(done.response).toBe('two');
    const steps = await api.get<{ data: { path: string; output: { attempts: { status: string; usage: { cost_usd: number } }[] } }[] }>(
      `/runs/${done.run_id}/steps`,
    );
    const attempts = steps.body.data.find(({ path }) => path === 'fenced/turn-1/model')?.output.attempts ?? [];
    expect(attempts.map(({ status }) => status)).toEqual(['failed', 'success']);
    expect(attempts[0]?.usage.cost_usd).toBeGreaterThan(0);
    expect(done.usage.cost_usd).toBeCloseTo(
      attempts.reduce((sum, { usage }) => sum + usage.cost_usd, 0),
      9,
    );
  });

  it('and all others too, the answer is 503 with the reasons', async () => {
    await storeAgent(api, agent('alone', {}, { retry: { max_attempts: 1 } }));
    first.reply({ status: 500 });
    second.reply({ status: 401 });
    const { status, body } = await failed('alone', 'Hi');
    expect({ status, code: body.code, stop: body.stop_reason }).toEqual({
      status: 503,
      code: 'providers_unavailable',
      stop: 'providers_unavailable',
    });
    expect(body.reasons?.map((reason) => reason.class)).toEqual(['unavailable', 'auth']);
  });

  it('again and again, it is left alone for a while', async () => {
    await storeAgent(api, agent('tired', {}, { retry: { max_attempts: 1 } }));
    first.reply({ status: 500 });
    for (let time = 0; time < 3; time++) await ask(api, 'tired', 'Hi');
    expect(first.calls.length).toBe(3);
    await ask(api, 'tired', 'Hi');
    expect(first.calls.length).toBe(3);
  });

  it('a private address is not asked unless the operator allows it', async () => {
    await storeAgent(api, {
      name: 'inward',
      model: { primary: { provider: 'openai_compatible', model: 'm', base_url: 'http://10.1.2.3/v1' } },
    });
    const { status, body } = await failed('inward', 'Hi');
    expect({ status, reasons: body.reasons }).toMatchObject({ status: 503, reasons: [{ class: 'refused' }] });
  });
});

describe('an agent is stopped', () => {
  it('by a cancel, and so is the stream of its model', async () => {
    await storeAgent(api, agent('cancelled'));
    first.reply({ text: 'a b c d', stallAfter: 3 });
    const id = await askLater(api, 'cancelled', 'Hi');
    await eventually(
      () => eventsOf(api, id),
      (events) => events.some(({ type }) => type === 'token'),
    );
    await api.post(`/runs/${id}/cancel`, {});
    await eventually(
      async () => (await api.get<RunBody>(`/runs/${id}`)).body,
      ({ status }) => status === 'cancelled',
    );
    await eventually(
      () => Promise.resolve(first.calls[0]?.disconnected),
      (gone) => gone === true,
    );
  });

  it('by its deadline, 408', async () => {
    await storeAgent(api, agent('slow', { orchestration: { timeout_ms: 2_000 } }));
    first.reply({ text: 'a b c d', stallAfter: 3 });
    const { status, body } = await failed('slow', 'Hi');
    expect({ status, code: body.code, stop: body.stop_reason }).toEqual({
      status: 408,
      code: 'deadline_exceeded',
      stop: 'deadline_exceeded',
    });
    await eventually(
      () => Promise.resolve(first.calls[0]?.disconnected),
      (gone) => gone === true,
    );
  });

  it('by its deadline while another agent works for it, which stops too', async () => {
    await storeAgent(api, { name: 'sluggard', model: { primary: second.block('sluggard') } });
    await storeAgent(api, agent('impatient', { tools: [{ name: 'sluggard', type: 'agent' }], orchestration: { timeout_ms: 3_000 } }));
    first.reply({ toolCalls: [{ name: 'sluggard', input: { query: 'x' } }] });
    second.reply({ text: 'a b c', stallAfter: 2 });
    const { status, body } = await failed('impatient', 'Hi');
    expect({ status, code: body.code }).toEqual({ status: 408, code: 'deadline_exceeded' });
    await eventually(
      () => Promise.resolve(second.calls[0]?.disconnected),
      (gone) => gone === true,
    );
    const children = await eventually(
      async () => (await api.get<{ data: RunBody[] }>('/runs', { query: { parent: body.run_id } })).body.data,
      ([child]) => child?.status === 'cancelled',
    );
    expect(children.length).toBe(1);
  });

  it('by the number of its turns, which is no success', async () => {
    await storeAgent(api, agent('busy', { tools: [clientTool('lookup')], orchestration: { max_iterations: 3 } }));
    first.answer((_, index) => ({ text: 'thinking', toolCalls: [{ name: 'lookup', input: { id: index } }] }));
    const { status, body } = await failed('busy', 'Hi');
    expect({ status, code: body.code, turns: body['turns'], partial: body['partial'] }).toEqual({
      status: 422,
      code: 'max_iterations',
      turns: 3,
      partial: 'thinking',
    });
    expect((await api.get<RunBody>(`/runs/${body.run_id}`)).body.status).toBe('failed');
  });

  it('when nothing moves', async () => {
    await storeAgent(api, agent('stuck', { tools: [clientTool('lookup')] }));
    first.reply({ toolCalls: [{ name: 'lookup', input: { id: 1 } }] });
    const { body } = await failed('stuck', 'Hi');
    expect({ code: body.code, calls: first.calls.length }).toEqual({ code: 'loop_detected', calls: 3 });
  });

  it('by an answer that was cut off', async () => {
    await storeAgent(api, agent('cut'));
    first.reply({ text: 'half a', finish: 'length' });
    expect((await failed('cut', 'Hi')).body).toMatchObject({ code: 'output_truncated', partial: 'half a' });
  });
});

describe('a budget', () => {
  it('of tokens ends the run with 429 before it is overspent', async () => {
    await storeAgent(api, agent('thrifty', { tools: [clientTool('lookup')], budget: { run: { tokens: 900 } } }));
    first.answer((_, index) => ({ toolCalls: [{ name: 'lookup', input: { id: index } }], usage: { input: 200, output: 20 } }));
    const { status, body } = await failed('thrifty', 'Hi');
    expect({ status, code: body.code, scope: body['scope'] }).toEqual({ status: 429, code: 'budget_exceeded', scope: 'run' });
    expect((body['usage'] as { total_tokens: number }).total_tokens).toBeLessThanOrEqual(900);
  });

  it('of the day is shared by all runs, and says when to come again', async () => {
    await storeAgent(
      api,
      agent('daily', { budget: { agent_day: { cost_usd: 0.001 } } }, { price: { input: 1, output: 1 }, parameters: { max_tokens: 50 } }),
    );
    first.reply({ text: 'ok', usage: { input: 500, output: 50 } });
    expect((await failed('daily', 'Hi')).status).toBe(200);
    const answers = [await failed('daily', 'Hi'), await failed('daily', 'Hi')];
    const refused = answers.at(-1);
    expect({ status: refused?.status, code: refused?.body.code, scope: refused?.body['scope'] }).toEqual({
      status: 429,
      code: 'budget_exceeded',
      scope: 'agent',
    });
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('of calls of tools', async () => {
    const rules = [{ when: { turn: 2 }, reply: 'done' }, { tool_calls: [{ name: 'helper', input: { query: 'x' } }] }];
    await storeAgent(api, { name: 'helper', model: { primary: { provider: 'scripted', model: 's', rules: [{ reply: 'helped' }] } } });
    await storeAgent(api, {
      name: 'limited',
      model: { primary: { provider: 'scripted', model: 's', rules } },
      tools: [{ name: 'helper', type: 'agent' }],
      budget: { run: { tool_calls: 1 } },
    });
    const { status, body } = await failed('limited', 'Hi');
    expect({ status, what: body['what'] }).toEqual({ status: 429, what: 'tool_calls' });
  });
});

describe('the form of an answer', () => {
  const schema = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } }, additionalProperties: false };

  it('is checked, and repaired by the model', async () => {
    await storeAgent(api, agent('formal', { output_schema: schema }));
    first.reply({ text: 'It is {"n": "two"}' }, { text: '```json\n{"n": 2}\n```' });
    const answer = await ask(api, 'formal', 'How many?');
    expect(answer.data).toEqual({ n: 2 });
    expect(JSON.stringify(first.calls[1]?.body.messages.at(-1))).toContain('/n');
  });

  it('that is never met is a failure', async () => {
    await storeAgent(api, agent('informal', { output_schema: { n: { type: 'integer' } }, output_repairs: 1 }));
    first.reply({ text: 'no' });
    expect((await failed('informal', 'How many?')).body).toMatchObject({ code: 'invalid_output', partial: 'no' });
    expect(first.calls.length).toBe(2);
  });
});

describe('guardrails', () => {
  it('keep personal data from the model, the answer and the journal', async () => {
    await storeAgent(api, agent('discreet', { guardrails: { input: [{ type: 'pii_detection' }], output: [{ type: 'pii_detection' }] } }));
    first.reply({ text: 'Write to bob@example.com' });
    const frames = await streamAnswer(api, 'discreet', 'I am ann@example.com, card 4111 1111 1111 1111, ssn 123-45-6789, tel 555-123-4567');
    expect(JSON.stringify(first.calls[0]?.body.messages)).toContain(
      'I am [REDACTED_EMAIL], card [REDACTED_CC], ssn [REDACTED_SSN], tel [REDACTED_PHONE]',
    );
    expect(frames.at(-1)?.data).toMatchObject({ response: 'Write to [REDACTED_EMAIL]' });
    expect(JSON.stringify(frames)).not.toContain('bob@');
    expect(JSON.stringify(await eventsOf(api, String(frames[0]?.data['run_id'])))).not.toContain('ann@');
  });

  it('block what must not be talked about, before a model is asked', async () => {
    await storeAgent(api, agent('prudent', { guardrails: { input: [{ type: 'topic_filter', blocked_topics: ['weapons'] }] } }));
    const { status, body } = await failed('prudent', 'Tell me of WEAPONS!');
    expect({ status, code: body.code, calls: first.calls.length }).toEqual({ status: 422, code: 'guardrail_blocked', calls: 0 });
  });

  it('cut and filter answers', async () => {
    await storeAgent(
      api,
      agent('short', {
        guardrails: {
          output: [
            { type: 'content_filter', forbidden_keywords: ['two'] },
            { type: 'cost_limit', max_tokens_per_turn: 5 },
          ],
        },
      }),
    );
    first.reply({ text: 'one two three four five six' });
    expect((await ask(api, 'short', 'Hi')).response).toBe('one [FILTERED] three... [truncated]');
  });
});

describe('tools', () => {
  it('that do not exist, and arguments that do not fit, are told to the model', async () => {
    await storeAgent(api, agent('careless', { tools: [clientTool('lookup')] }));
    first.reply(
      { toolCalls: [{ name: 'nothing' }, { name: 'lookup', input: { id: 'x' } }, { name: 'lookup', raw: '{"id": ' }] },
      { text: 'sorry' },
    );
    const answer = await ask(api, 'careless', 'Hi');
    expect(answer.tool_calls.map(({ is_error }) => is_error)).toEqual([true, true, true]);
    expect(JSON.stringify(first.calls[1]?.body.messages)).toContain('/id must be integer');
  });

  it('are approved by people where rules say so, with the arguments that people saw', async () => {
    await storeAgent(
      api,
      agent('asks-first', {
        tools: [clientTool('lookup')],
        approvals: [{ tools: ['look*'], when: '{{ inputs.id > 10 }}', editable: true }],
      }),
    );
    first.reply(
      {
        toolCalls: [
          { name: 'lookup', input: { id: 5 } },
          { name: 'lookup', input: { id: 50 } },
        ],
      },
      { text: 'done' },
    );
    const id = await askLater(api, 'asks-first', 'Hi');
    const { data } = await eventually(
      async () =>
        (
          await api.get<{ data: { id: string; step: string; payload: object }[] }>('/approvals', {
            query: { run_id: id, status: 'pending' },
          })
        ).body,
      (page) => page.data.length === 1,
    );
    expect(data[0]).toMatchObject({ step: 'asks-first/turn-1/tool-2-approval', payload: { id: 50 } });
    expect((await api.post(`/runs/${id}/approve`, { edits: { id: 'x' } })).status).toBe(422);
    expect((await api.post(`/runs/${id}/approve`, { edits: { id: 11 } })).status).toBe(200);
    const run = await eventually(
      async () => (await api.get<RunBody>(`/runs/${id}`)).body,
      ({ status }) => status === 'success',
    );
    expect(run.outputs).toMatchObject({ tool_calls: [{ input: { id: 5 } }, { input: { id: 11 }, output: { ok: true } }] });
  });

  it('that people refuse are not called', async () => {
    await storeAgent(api, agent('refused', { tools: [clientTool('lookup')], approvals: [{ tools: ['*'] }] }));
    first.reply({ toolCalls: [{ name: 'lookup', input: { id: 5 } }] }, { text: 'I may not' });
    const id = await askLater(api, 'refused', 'Hi');
    await eventually(
      async () => (await api.post(`/runs/${id}/reject`, { comment: 'never' })).status,
      (status) => status === 200,
    );
    const run = await eventually(
      async () => (await api.get<RunBody>(`/runs/${id}`)).body,
      ({ status }) => status === 'success',
    );
    expect(run.outputs).toMatchObject({
      response: 'I may not',
      tool_calls: [{ is_error: true, output: { error: 'the call was not approved: never' } }],
    });
  });
});

describe('a run that is over goes on', () => {
  it('from any turn, with another model and other instructions; what came before is not paid again', async () => {
    await storeAgent(api, agent('again', { tools: [clientTool('lookup')] }));
    first.reply({ toolCalls: [{ name: 'lookup', input: { id: 1 } }] }, { text: 'first ending' });
    second.reply({ text: 'second ending' });
    const before = await ask(api, 'again', 'Hi');
    const { status, body } = await api.post<RunBody>(`/runs/${before.run_id}/resume`, {
      from_step: 'again/turn-2/model',
      input_overrides: { model: `n${models}`, instructions: 'End differently.' },
    });
    expect(status).toBe(202);
    const run = await eventually(
      async () => (await api.get<RunBody>(`/runs/${body.id}`)).body,
      ({ status }) => status === 'success',
    );
    expect(run.outputs).toMatchObject({ response: 'second ending', tool_calls: [{ tool: 'lookup' }], turns: 2 });
    expect([first.calls.length, second.calls.length]).toEqual([2, 1]);
    const messages = second.calls[0]?.body.messages ?? [];
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool']);
    expect(messages[0]).toMatchObject({ content: 'End differently.' });
  });

  it('with what it failed at, once that is mended', async () => {
    await storeAgent(api, agent('mended', { tools: [clientTool('lookup')] }, { retry: { max_attempts: 1 } }));
    first.reply({ toolCalls: [{ name: 'lookup', input: { id: 1 } }] }, { status: 400 });
    second.reply({ status: 400 });
    const { body: problem } = await failed('mended', 'Hi');
    expect(problem.code).toBe('providers_unavailable');
    first.reply({ text: 'now it works' });
    const { body } = await api.post<RunBody>(`/runs/${problem.run_id}/resume`, {});
    const run = await eventually(
      async () => (await api.get<RunBody>(`/runs/${body.id}`)).body,
      ({ status }) => status === 'success' || status === 'failed',
    );
    expect(run.outputs).toMatchObject({ response: 'now it works' });
    expect(first.calls.length).toBe(1);
  });
});
