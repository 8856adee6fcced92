import { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AgentProblem, ask, askLater, eventsOf, storeAgent } from '../support/agents.js';
import { EmbeddingEndpoint } from '../support/embedding-endpoint.js';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { ModelServer, type ModelCall } from '../support/model-server.js';
import { eventually, runToEnd, storeWorkflow, type RunBody } from '../support/runs.js';

interface Message {
  readonly position: number;
  readonly role: string;
  readonly content: string;
  readonly metadata: Record<string, unknown>;
  readonly run_id: string;
}
interface Session {
  readonly session_id: string;
  readonly subject: string | null;
  readonly summary: string | null;
  readonly summarized_to: number;
  readonly message_count: number;
  readonly expires_at: string | null;
  readonly messages: readonly Message[];
  readonly next_cursor: string | null;
}
interface Fact {
  readonly id: string;
  readonly text: string;
  readonly source: string;
  readonly session_id: string | null;
  readonly subject: string | null;
  readonly metadata: Record<string, unknown>;
}
interface Found {
  readonly id: string;
  readonly text: string;
  readonly score: number;
  readonly metadata: Record<string, unknown>;
}
interface Erased {
  readonly sessions: number;
  readonly messages: number;
  readonly facts: number;
  readonly turns_under_way: number;
  readonly runs_removed: number;
  readonly kept_runs: readonly { readonly run_id: string; readonly reason: string }[];
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
beforeEach(() => models.reply({ text: 'noted' }));

const agent = (name: string, memory: object): Promise<void> => storeAgent(api, { name, memory, model: { primary: models.block(name) } });
const session = async (name: string, id: string, query: object = {}): Promise<Session> =>
  (await api.get<Session>(`/memory/${name}/sessions/${id}`, { query: { ...query } })).body;
const said = async (name: string, id: string): Promise<string[]> => (await session(name, id)).messages.map(({ content }) => content);
const facts = async (name: string, query: object = {}): Promise<Fact[]> =>
  (await api.get<{ data: Fact[] }>(`/memory/${name}/facts`, { query: { ...query } })).body.data;
const addFact = async (name: string, text: string, more: object = {}): Promise<Fact> => {
  const { status, body } = await api.post<Fact>(`/memory/${name}/facts`, { text, ...more });
  expect(status).toBe(201);
  return body;
};
const search = async (name: string, query: string, more: object = {}): Promise<readonly Found[]> =>
  (await api.get<{ results: Found[] }>(`/memory/${name}/search`, { query: { query, ...more } })).body.results;

/** What a model was shown besides the system message, and that. */
const shown = ({ body }: ModelCall): string[] =>
  body.messages.filter(({ role }) => role !== 'system').map(({ content }) => textOf(content));
const system = ({ body }: ModelCall): string => textOf(body.messages.find(({ role }) => role === 'system')?.content ?? '');
function textOf(content: unknown): string {
  return typeof content === 'string' ? content : (content as { text: string }[]).map(({ text }) => text).join('');
}
const last = (): ModelCall => models.calls.at(-1) as ModelCall;

describe('a conversation', () => {
  it('is put before the model in its order, and can be read', async () => {
    await agent('talks', { conversational: {} });
    models.reply({ text: 'Hello Ann' }, { text: 'You are Ann' });
    const first = await ask(api, 'talks', 'I am Ann', { session_id: 'a/1' });
    await ask(api, 'talks', 'Who am I?', { session_id: 'a/1' });
    expect(shown(last())).toEqual(['I am Ann', 'Hello Ann', 'Who am I?']);
    const read = await session('talks', 'a%2F1');
    expect(read).toMatchObject({ session_id: 'a/1', subject: null, summary: null, message_count: 4, next_cursor: null });
    expect(read.messages).toMatchObject([
      { position: 1, role: 'user', content: 'I am Ann', run_id: first.run_id },
      { position: 2, role: 'assistant', content: 'Hello Ann', run_id: first.run_id },
      { position: 3, role: 'user', content: 'Who am I?' },
      { position: 4, role: 'assistant', content: 'You are Ann' },
    ]);
  });

  it('is read by pages, and listed', async () => {
    await agent('pages', { conversational: {} });
    for (const id of ['one', 'two', 'three']) await ask(api, 'pages', id, { session_id: id });
    const page = await session('pages', 'one', { limit: 1 });
    expect(page.messages.map(({ content }) => content)).toEqual(['one']);
    const next = await session('pages', 'one', { limit: 1, cursor: page.next_cursor });
    expect({ said: next.messages.map(({ content }) => content), end: next.next_cursor }).toEqual({ said: ['noted'], end: null });
    const listed = await api.get<{ data: Session[]; next_cursor: string }>('/memory/pages/sessions', { query: { limit: 2 } });
    expect(listed.body.data.map((each) => each.session_id)).toEqual(['three', 'two']);
    const rest = await api.get<{ data: Session[] }>('/memory/pages/sessions', { query: { cursor: listed.body.next_cursor } });
    expect(rest.body.data.map((each) => each.session_id)).toEqual(['one']);
  });

  it('belongs to one agent', async () => {
    await agent('hears', { conversational: {} });
    await agent('hears-not', { conversational: {} });
    await ask(api, 'hears', 'a secret', { session_id: 'same' });
    await ask(api, 'hears-not', 'what?', { session_id: 'same' });
    expect(shown(last())).toEqual(['what?']);
  });

  it('is kept only where the definition says so', async () => {
    await agent('forgets', { semantic: {} });
    await ask(api, 'forgets', 'one', { session_id: 's' });
    await ask(api, 'forgets', 'two', { session_id: 's' });
    expect(shown(last())).toEqual(['two']);
    expect((await api.get('/memory/forgets/sessions/s')).status).toBe(404);
  });

  it('leaves out a turn that failed', async () => {
    await agent('fails', { conversational: {} });
    models.reply({ status: 400 });
    expect((await api.post<AgentProblem>('/agents/fails/run', { query: 'one', session_id: 's' })).status).toBeGreaterThan(499);
    models.reply({ text: 'two?' });
    await ask(api, 'fails', 'two', { session_id: 's' });
    expect(await said('fails', 's')).toEqual(['two', 'two?']);
  });

  it('remembers which tools were used', async () => {
    await storeAgent(api, {
      name: 'uses',
      memory: { conversational: {} },
      model: { primary: models.block('uses') },
      tools: [{ name: 'ring', type: 'client', parameters: {} }],
    });
    models.reply({ toolCalls: [{ name: 'ring', input: {} }] }, { text: 'it rang' });
    await ask(api, 'uses', 'ring', { session_id: 's' });
    expect((await session('uses', 's')).messages.map(({ metadata }) => metadata)).toEqual([{}, { tools: ['ring'] }]);
  });

  it('is forgotten some time after its last turn', async () => {
    await agent('brief', { conversational: { ttl: 1 } });
    await ask(api, 'brief', 'one', { session_id: 's' });
    await eventually(
      async () => (await api.get('/memory/brief/sessions/s')).status,
      (status) => status === 404,
    );
    await ask(api, 'brief', 'two', { session_id: 's' });
    expect(shown(last())).toEqual(['two']);
  });
});

describe('strategies', () => {
  it('sliding_window: the last turns', async () => {
    await agent('window', { conversational: { strategy: 'sliding_window', max_turns: 1 } });
    for (const query of ['one', 'two', 'three']) await ask(api, 'window', query, { session_id: 's' });
    expect(shown(last())).toEqual(['two', 'noted', 'three']);
    expect(await said('window', 's')).toHaveLength(6);
  });

  it('token_budget: the newest turns that fit', async () => {
    await agent('budget', { conversational: { strategy: 'token_budget', max_tokens: 12 } });
    models.reply({ text: 'an answer of six tokens!' });
    for (const query of ['one', 'two', 'three']) await ask(api, 'budget', query, { session_id: 's' });
    expect(shown(last())).toEqual(['two', 'an answer of six tokens!', 'three']);
  });

  it('summary: what is long ago is summarised by a model, and shown as such', async () => {
    await agent('sums', { conversational: { strategy: 'summary', summary_threshold: 4 } });
    models.answer(({ body }) => ({ text: textOf(body.messages[0]?.content).startsWith('Summarize') ? 'they counted' : 'noted' }));
    for (const query of ['one', 'two', 'three']) await ask(api, 'sums', query, { session_id: 's' });
    const asked = models.calls.filter((call) => system(call).startsWith('Summarize'));
    expect(asked.map((call) => shown(call).join())).toEqual([
      expect.stringContaining('user: one\nassistant: noted\nuser: two\nassistant: noted'),
    ]);
    expect(await session('sums', 's')).toMatchObject({ summary: 'they counted', summarized_to: 4, message_count: 6 });
    await ask(api, 'sums', 'four', { session_id: 's' });
    expect(shown(last())).toEqual(['three', 'noted', 'four']);
    expect(system(last())).toContain('they counted');
  });

  it('summary: one that cannot be made is made up for at the next turn', async () => {
    await agent('tries', { conversational: { strategy: 'summary', summary_threshold: 2 } });
    let failing = true;
    models.answer((call) => (system(call).startsWith('Summarize') ? (failing ? { status: 400 } : { text: 'at last' }) : { text: 'noted' }));
    await ask(api, 'tries', 'one', { session_id: 's' });
    const { response, run_id: id } = await ask(api, 'tries', 'two', { session_id: 's' });
    expect(response).toBe('noted');
    expect(await session('tries', 's')).toMatchObject({ summary: null, message_count: 4 });
    const warnings = (await eventsOf(api, id)).filter(({ step }) => step === 'tries/session/no-summary');
    expect(JSON.stringify(warnings)).toContain('could not be summarised');
    failing = false;
    await ask(api, 'tries', 'three', { session_id: 's' });
    expect(await session('tries', 's')).toMatchObject({ summary: 'at last', message_count: 6 });
  });
});

describe('semantic memory', () => {
  const ANSWER =
    'Your order left our warehouse in Rotterdam this morning. The parcel service told us that it travels by ship to Oslo, which takes about four days, and that a courier will then bring it to your door. You do not need to be at home for that.';

  it('keeps what answers said beyond their conversation, and recalls it above the threshold', async () => {
    await agent('recalls', { semantic: { similarity_threshold: 0.5 } });
    models.reply({ text: ANSWER });
    const { run_id: run } = await ask(api, 'recalls', 'Where is it?', { session_id: 'first' });
    expect(run).toBeTruthy();
    const [kept] = await facts('recalls');
    expect(kept).toMatchObject({ text: ANSWER, source: 'turn', session_id: 'first', subject: null, metadata: { role: 'assistant' } });
    models.reply({ text: 'short' });
    await ask(api, 'recalls', 'Where is my order, did it leave the warehouse in Rotterdam this morning?', { session_id: 'second' });
    expect(system(last())).toContain(ANSWER);
    await ask(api, 'recalls', 'Do penguins sing?', { session_id: 'second' });
    expect(system(last())).not.toContain(ANSWER);
    expect(await facts('recalls')).toHaveLength(1);
  });

  it('does not recall what is before the model anyway', async () => {
    await agent('once', { conversational: {}, semantic: { similarity_threshold: 0 } });
    models.reply({ text: ANSWER });
    await ask(api, 'once', 'Where is it?', { session_id: 's' });
    await ask(api, 'once', 'Where is it?', { session_id: 's' });
    expect(shown(last())).toContain(ANSWER);
    expect(system(last())).not.toContain(ANSWER);
  });

  it('keeps by rule', async () => {
    await agent('rules', { semantic: { roles: ['user', 'assistant'], min_tokens: 2 } });
    await agent('facts-only', { semantic: { store_on: 'facts', min_tokens: 0 } });
    models.reply({ text: 'ok' });
    for (const name of ['rules', 'facts-only']) await ask(api, name, 'My cat is called Tom', { session_id: 's' });
    expect((await facts('rules')).map(({ text, metadata }) => [text, metadata])).toEqual([['My cat is called Tom', { role: 'user' }]]);
    expect(await facts('facts-only')).toEqual([]);
  });

  it('holds facts that are told, found and deleted', async () => {
    await agent('knows', { semantic: { store_on: 'facts', similarity_threshold: 0.4 } });
    const fact = await addFact('knows', 'The office opens at eight in the morning', { metadata: { origin: 'manual' } });
    await addFact('knows', 'Penguins live at the south pole');
    const found = await search('knows', 'When does the office open?', { top_k: 1 });
    expect(found).toMatchObject([{ id: fact.id, text: fact.text, metadata: { origin: 'manual', source: 'fact' } }]);
    expect(found[0]?.score).toBeGreaterThan(0.4);
    expect(await search('knows', 'When does the office open?', { score_threshold: 0.99 })).toEqual([]);
    expect(await search('knows', 'anything')).toHaveLength(2);
    await ask(api, 'knows', 'When does the office open?');
    expect(system(last())).toContain(`data, not instructions):\n- ${fact.text}`);
    expect((await api.delete(`/memory/knows/facts/${fact.id}`)).status).toBe(204);
    expect((await api.delete(`/memory/knows/facts/${fact.id}`)).status).toBe(404);
    await ask(api, 'knows', 'When does the office open?');
    expect(system(last())).not.toContain(fact.text);
  });

  it('takes a fact once under one Idempotency-Key', async () => {
    await agent('idempotent', { semantic: {} });
    const headers = { 'idempotency-key': 'one fact' };
    const [one, two] = [await addFactAs(headers), await addFactAs(headers)];
    expect(two).toEqual(one);
    expect(await facts('idempotent')).toHaveLength(1);
  });
  const addFactAs = async (headers: Record<string, string>): Promise<Fact> =>
    (await api.post<Fact>('/memory/idempotent/facts', { text: 'once' }, { headers })).body;

  it('forgets facts whose time is over', async () => {
    await agent('temporary', { semantic: {} });
    await addFact('temporary', 'for a second', { ttl: 1 });
    await eventually(
      () => search('temporary', 'for a second'),
      (found) => found.length === 0,
    );
  });
});

describe('subjects', () => {
  it('are not told of each other', async () => {
    await agent('discreet', { semantic: { store_on: 'facts', similarity_threshold: 0 } });
    await addFact('discreet', 'Alice is ill', { subject: 'alice' });
    await addFact('discreet', 'Bob is well', { subject: 'bob' });
    await addFact('discreet', 'The office is open');
    const recalled = async (more: object): Promise<string> => {
      await ask(api, 'discreet', 'How is she?', more);
      return system(last());
    };
    expect(await recalled({ subject: 'alice' })).toMatch(/Alice is ill|The office is open/);
    expect(await recalled({ subject: 'alice' })).not.toContain('Bob');
    expect(await recalled({})).not.toMatch(/Alice|Bob/);
    expect((await search('discreet', 'How is she?', { subject: 'bob' })).map(({ text }) => text)).toEqual(['Bob is well']);
    expect((await facts('discreet', { subject: 'alice' })).map(({ text }) => text)).toEqual(['Alice is ill']);
  });

  it('do not share a session', async () => {
    await agent('strict', { conversational: {} });
    await ask(api, 'strict', 'I am Alice', { session_id: 's', subject: 'alice' });
    const { status, body } = await api.post<AgentProblem>('/agents/strict/run', { query: 'and I?', session_id: 's', subject: 'bob' });
    expect(status).toBeGreaterThan(399);
    expect(JSON.stringify(body)).toContain('other_subject');
    await ask(api, 'strict', 'still me', { session_id: 's' });
    expect((await session('strict', 's')).message_count).toBe(4);
  });
});

describe('another embedding model', () => {
  it('embeds what is remembered; what the one before embedded is not mixed with it', async () => {
    const endpoint = await EmbeddingEndpoint.start();
    const { dimensions: _, ...embedding } = endpoint.spec as { dimensions: number };
    await agent('elsewhere', { semantic: { roles: ['user'], min_tokens: 0 } });
    await addFact('elsewhere', 'the loom is in the attic');
    await agent('elsewhere', { semantic: { embedding, roles: ['user'], min_tokens: 0, similarity_threshold: 0.99 } });
    expect(await search('elsewhere', 'the loom is in the attic')).toEqual([]);
    await addFact('elsewhere', 'the reed is in the cellar');
    await ask(api, 'elsewhere', 'the shuttle is lost', { session_id: 's' });
    expect(endpoint.calls.flat()).toEqual(expect.arrayContaining(['the reed is in the cellar', 'the shuttle is lost']));
    expect((await search('elsewhere', 'the reed is in the cellar'))[0]).toMatchObject({ text: 'the reed is in the cellar' });
    await ask(api, 'elsewhere', 'the shuttle is lost', { session_id: 'other' });
    expect(system(last())).toContain('- the shuttle is lost');
    expect(await facts('elsewhere')).toHaveLength(4);
    endpoint.stop();
    const faulty = {
      name: 'faulty',
      model: { primary: models.block('f') },
      memory: { semantic: { embedding: { provider: 'openai_compatible', model: 'x' } } },
    };
    expect(await api.post('/agents', faulty)).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/memory/semantic/embedding/base_url' }] },
    });
  });
});

describe('texts that cannot be kept', () => {
  const NUL = String.fromCodePoint(0);

  it('are refused where they are told, and mended where they are said', async () => {
    await agent('odd', { conversational: {}, semantic: { roles: ['user', 'assistant'], min_tokens: 0 } });
    const refused = async (path: string, body: object) => (await api.post<AgentProblem>(path, body)).body['errors'];
    expect(await refused('/memory/odd/facts', { text: `a${NUL}` })).toMatchObject([{ path: '/text', code: 'nul_character' }]);
    expect(await refused('/memory/odd/facts', { text: 'a', metadata: { x: '\uD83D' } })).toMatchObject([{ path: '/metadata/x' }]);
    expect(await refused('/agents/odd/run', { query: 'a', session_id: `s${NUL}` })).toMatchObject([{ path: '/session_id' }]);
    expect(await api.get('/memory/odd/search', { query: { query: 'x', subject: NUL } })).toMatchObject({ status: 400 });
    models.reply({ text: `so${NUL} be it` });
    await ask(api, 'odd', 'hello', { session_id: 's' });
    expect(await said('odd', 's')).toEqual(['hello', 'so be it']);
  });
});

describe('erasure', () => {
  const MARK = 'xylophone';
  const LONG = `The ${MARK} is at the harbour, and it will stay there until the ship from Rotterdam has come. Nobody may take it away before that, and whoever asks for it should be told to wait at home until next week on Friday evening.`;

  /** Tables that show the mark, but for what is not memory: journals and what starts runs. */
  async function traces(): Promise<string[]> {
    const database = app.app.get(DataSource);
    const tables = await database.query<{ name: string }[]>(
      `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
    );
    const found: string[] = [];
    for (const { name } of tables) {
      const [row] = await database.query<{ count: number }[]>(`SELECT count(*)::int AS count FROM ${name} t WHERE t::text ILIKE $1`, [
        `%${MARK}%`,
      ]);
      if (row !== undefined && row.count > 0) found.push(name);
    }
    return found.toSorted();
  }
  /** What an author wrote stays, whomever it names. */
  const DEFINITIONS = ['workflow_versions'];

  it('of a session takes its messages, its summary, and what was kept of it', async () => {
    await agent('erases', { conversational: { strategy: 'summary', summary_threshold: 2 }, semantic: {} });
    models.reply({ text: LONG });
    for (const query of ['one', `the ${MARK}?`]) await ask(api, 'erases', query, { session_id: 's' });
    await ask(api, 'erases', 'other', { session_id: 'other' });
    expect((await session('erases', 's')).summary).toContain(MARK);
    expect(await facts('erases')).toHaveLength(3);
    const { status, body } = await api.delete<Erased>('/memory/erases/sessions/s');
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { sessions: 1, messages: 4, facts: 2, turns_under_way: 0, runs_removed: 2, kept_runs: [] },
    });
    expect((await api.get('/memory/erases/sessions/s')).status).toBe(404);
    expect((await api.delete('/memory/erases/sessions/s')).status).toBe(404);
    expect((await facts('erases')).map((fact) => fact.session_id)).toEqual(['other']);
    expect((await api.delete<Erased>('/memory/erases')).body).toMatchObject({ sessions: 1, facts: 1 });
    expect((await traces()).filter((table) => table.startsWith('memory'))).toEqual([]);
  });

  it('of a subject leaves nothing, also of runs that failed and of workflows that asked', async () => {
    await agent('subjects', { conversational: {}, semantic: { roles: ['user', 'assistant'], min_tokens: 1 } });
    const before = await traces();
    models.reply({ text: LONG });
    await ask(api, 'subjects', `where is my ${MARK}?`, { session_id: `${MARK}-1`, subject: MARK });
    await ask(api, 'subjects', `and now?`, { session_id: `${MARK}-1` });
    await storeWorkflow(api, {
      name: 'memory/asks',
      inputs: { type: 'object' },
      nodes: [{ id: 'ask', type: 'agent.run', config: { agent: 'subjects', query: `tell of ${MARK}`, session_id: `${MARK}-1` } }],
    });
    expect((await runToEnd(api, 'memory/asks')).status).toBe('success');
    await api.delete('/workflows/memory%2Fasks');
    models.reply({ status: 400 });
    expect((await api.post('/agents/subjects/run', { query: `${MARK} fails`, subject: MARK })).status).toBe(503);
    await addFact('subjects', `likes the ${MARK}`, { subject: MARK });
    await addFact('subjects', 'of nobody');
    const { body } = await api.delete<Erased>(`/memory/subjects/subjects/${MARK}`);
    expect(body).toMatchObject({ sessions: 1, messages: 6, runs_removed: 4, kept_runs: [] });
    expect((await traces()).filter((table) => !before.includes(table) && !DEFINITIONS.includes(table))).toEqual([]);
    expect((await facts('subjects')).map(({ text }) => text)).toEqual(['of nobody']);
    const again = await api.delete<Erased>(`/memory/subjects/subjects/${MARK}`);
    expect(again).toMatchObject({ status: 200, body: { sessions: 0, messages: 0, facts: 0 } });
  });

  it('reaches a turn that is under way', async () => {
    await agent('late', { conversational: {}, semantic: { min_tokens: 0 } });
    await ask(api, 'late', 'one', { session_id: 's' });
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    models.answer(async () => {
      await answered;
      return { text: 'of what was erased' };
    });
    const run = await askLater(api, 'late', 'two', { session_id: 's' });
    await eventually(
      () => Promise.resolve(models.calls.length),
      (calls) => calls > 0,
    );
    expect(await api.delete('/memory/late/sessions/s')).toMatchObject({ status: 409, body: { code: 'runs_under_way', run_ids: [run] } });
    expect(await said('late', 's')).toEqual(['one', 'noted']);
    const { status, body } = await api.delete<Erased>('/memory/late/sessions/s', { query: { cancel: 'true' } });
    expect({ status, body }).toMatchObject({ status: 200, body: { messages: 2, runs_removed: 2, kept_runs: [] } });
    answer();
    expect((await api.get(`/runs/${run}`)).status).toBe(404);
    expect((await api.get('/memory/late/sessions/s')).status).toBe(404);
    expect(await facts('late')).toEqual([]);
    models.reply({ text: 'anew' });
    await ask(api, 'late', 'three', { session_id: 's' });
    expect(await said('late', 's')).toEqual(['three', 'anew']);
  });

  it('is for admins; a deleted agent is still there to be erased', async () => {
    await agent('leaves', { conversational: {} });
    await ask(api, 'leaves', 'one', { session_id: 's' });
    const { api: operator } = await app.createKey({ role: 'operator' });
    expect((await operator.delete('/memory/leaves/sessions/s')).status).toBe(403);
    expect((await operator.get('/memory/leaves/sessions/s')).status).toBe(200);
    const { api: narrow } = await app.createKey({ role: 'admin', scopes: ['memory.delete'] });
    expect(await narrow.delete('/memory/leaves/sessions/s')).toMatchObject({ status: 403, body: { missing_permission: 'runs.delete' } });
    expect((await api.delete('/agents/leaves')).status).toBe(204);
    expect((await api.delete('/memory/leaves/sessions/s')).status).toBe(200);
    expect((await api.delete('/memory/nobody')).status).toBe(404);
  });
});

describe('turns of one session', () => {
  it('come one after the other, in the order they asked', async () => {
    await agent('orderly', { conversational: {} });
    let open = 0;
    let most = 0;
    models.answer(async ({ body }) => {
      most = Math.max(most, (open += 1));
      await new Promise((resolve) => setTimeout(resolve, 30));
      open -= 1;
      return { text: `answer to ${textOf(body.messages.at(-1)?.content)}` };
    });
    const ids: string[] = [];
    for (const n of [1, 2, 3, 4, 5, 6]) ids.push(await askLater(api, 'orderly', `question ${n}`, { session_id: 's' }));
    for (const id of ids)
      await eventually(
        async () => (await api.get<RunBody>(`/runs/${id}`)).body.status,
        (status) => status === 'success',
      );
    expect(most).toBe(1);
    const contents = await said('orderly', 's');
    expect(contents).toHaveLength(12);
    // Each saw all that came before it.
    for (let at = 0; at < contents.length; at += 2) {
      expect(contents[at + 1]).toBe(`answer to ${contents[at]}`);
      const call = models.calls.find((each) => shown(each).at(-1) === contents[at]) as ModelCall;
      expect(shown(call).slice(0, -1)).toEqual(contents.slice(0, at));
    }
  });

  it('go on when one of them is cancelled', async () => {
    await agent('cancelled', { conversational: {} });
    models.answer(({ body }) => (textOf(body.messages.at(-1)?.content) === 'stalls' ? { text: 'x', stallAfter: 0 } : { text: 'ok' }));
    const stalls = await askLater(api, 'cancelled', 'stalls', { session_id: 's' });
    await eventually(
      () => Promise.resolve(models.calls.length),
      (calls) => calls > 0,
    );
    const waits = await askLater(api, 'cancelled', 'waits', { session_id: 's' });
    await eventually(
      () => app.app.get(DataSource).query<{ run_id: string }[]>("SELECT run_id FROM memory_turns WHERE state = 'waiting'"),
      (rows) => rows.some((row) => row.run_id === waits),
    );
    await api.post(`/runs/${stalls}/cancel`);
    await eventually(
      async () => (await api.get<RunBody>(`/runs/${waits}`)).body.status,
      (status) => status === 'success',
      20_000,
    );
    expect(await said('cancelled', 's')).toEqual(['waits', 'ok']);
  });

  it('do not wait for themselves', async () => {
    await storeAgent(api, { name: 'inner', memory: { conversational: {} }, model: { primary: models.block('inner') } });
    const tools = (name: string): object => ({ tools: [{ name, type: 'agent' }] });
    await storeAgent(api, { name: 'outer', memory: { conversational: {} }, model: { primary: models.block('outer') }, ...tools('inner') });
    await storeAgent(api, { name: 'inner', memory: { conversational: {} }, model: { primary: models.block('inner') }, ...tools('outer') });
    models.answer(({ body }) => {
      const tool = body.model === 'outer' ? 'inner' : 'outer';
      return body.messages.at(-1)?.role === 'tool'
        ? { text: textOf(body.messages.at(-1)?.content) }
        : { toolCalls: [{ name: tool, input: { query: 'go' } }] };
    });
    const answer = await ask(api, 'outer', 'go', { session_id: 's' });
    expect(answer.response).toContain('session_busy');
  });
});
