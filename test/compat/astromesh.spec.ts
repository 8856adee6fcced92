import { afterAll, beforeAll, describe, expect } from 'vitest';
import { agentDocument, ANSWER, ASSISTANT, AstromeshServer } from './support/astromesh.js';
import { entrancesOf } from './support/entrances.js';
import { DialectClient } from './support/http.js';
import { deviation, row } from './support/rows.js';
import { expectShape } from './support/shape.js';

interface Answer {
  readonly response: string;
  readonly session_id: string;
  readonly [member: string]: unknown;
}
interface Agents {
  readonly agents: readonly { readonly name: string; readonly status: string }[];
}
interface Found {
  readonly results: readonly { readonly text: string; readonly score: number; readonly metadata: object }[];
}

let server: AstromeshServer;

beforeAll(async () => {
  server = await AstromeshServer.start();
});
afterAll(async () => {
  await server?.close();
});

describe.each(entrancesOf('astromesh'))('Astromesh %s', (where, urlOf) => {
  let astromesh: DialectClient;
  let place: string;

  beforeAll(() => {
    astromesh = new DialectClient(urlOf(server.app), server.app.adminKey);
    place = where.includes('port') ? 'port' : 'path';
  });

  const run = (agent: string, body: object): Promise<Answer> => astromesh.post<Answer>(`/v1/agents/${agent}/run`, body, 200);

  row('GET /v1/health', 'the example, without a key', async () => {
    const health = await astromesh.withKey(undefined).get('/v1/health');
    expectShape(health, { status: 'healthy', version: '0.10.0', uptime_seconds: 8072 });
    expect(health).toMatchObject({ status: 'healthy' });
    expect(Number.isInteger(health['uptime_seconds'])).toBe(true);
  });

  row('GET /v1/agents', 'the example', async () => {
    const { agents } = await astromesh.get<Agents>('/v1/agents');
    const example = { description: 'x', model: 'openai/gpt-4o', orchestration: 'react', status: 'ready', version: '1.0.0' };
    expectShape(agents, [{ name: 'assistant', namespace: 'default', ...example }]);
    expect(agents.find(({ name }) => name === 'assistant')).toEqual({
      name: 'assistant',
      description: 'General-purpose assistant',
      model: 'openai/gpt-4o',
      orchestration: 'react',
      status: 'ready',
      version: '1.0.0',
      namespace: 'default',
    });
    expect(agents.find(({ name }) => name === 'researcher')).toMatchObject({
      description: 'Research and analysis agent',
      model: 'anthropic/claude-sonnet-4-20250514',
      orchestration: 'plan_and_execute',
      status: 'ready',
    });
  });

  row('GET /v1/agents/{name}', 'the example, and the document beside it', async () => {
    expect(await astromesh.get('/v1/agents/assistant')).toMatchObject({
      name: 'assistant',
      description: 'General-purpose assistant',
      model: {
        primary: { provider: 'openai', model: 'gpt-4o' },
        fallback: { provider: 'anthropic', model: 'claude-sonnet-4-20250514' },
        routing: 'cost_optimized',
      },
      orchestration: { pattern: 'react', max_iterations: 10, timeout: 120 },
      tools: ['web_search', 'knowledge_base'],
      memory: { conversational: 'redis', semantic: 'chroma' },
      status: 'ready',
      ...(server.here(ASSISTANT) as object),
    });
    expect(await astromesh.get('/v1/agents/nobody', 404)).toEqual({ detail: "Agent 'nobody' not found" });
  });

  row('POST /v1/agents/{name}/run', 'the example, with the members of the original beside it', async () => {
    const answer = await run('assistant', { query: 'What are the latest trends in AI?', session_id: 'sess_abc123' });
    expect(answer).toMatchObject({
      response: ANSWER,
      session_id: 'sess_abc123',
      tool_calls: [{ tool: 'web_search', input: { query: 'latest AI trends 2026' } }],
      usage: { input_tokens: 1250, output_tokens: 430, total_tokens: 1680, tokens_in: 1250, tokens_out: 430 },
      model: 'openai/gpt-4o',
      provider: 'openai',
      answer: ANSWER,
      steps: [
        { thought: null, action: 'web_search', action_input: { query: 'latest AI trends 2026' }, result: null },
        { thought: null, action: null, action_input: null, observation: null, result: ANSWER },
      ],
      trace: null,
      data: null,
      chain: null,
    });
    expectShape(answer['timing'], { total_ms: 3200, model_ms: 2800, tool_ms: 400 });
    expectShape(answer['usage'], {
      by_model: [{ provider: 'openai', model: 'gpt-4o', role: 'reasoner', calls: 2, tokens_in: 1250, tokens_out: 430, cost: 0.1 }],
    });
  });

  row('POST /v1/agents/{name}/run', 'a session is made up when none is named, and unknown members are passed over', async () => {
    const first = await run('assistant', { query: 'Tell me', metadata: { from: 'cli' }, connections: null });
    const second = await run('assistant', { query: 'Tell me' });
    expect(first.session_id).not.toBe('');
    expect(second.session_id).not.toBe(first.session_id);
  });

  row('POST /v1/agents/{name}/run', 'the same request again is the same run, with an `Idempotency-Key`', async () => {
    const headers = { 'Idempotency-Key': `once-${place}` };
    const ask = async (): Promise<unknown> =>
      (await astromesh.send('POST', '/v1/agents/assistant/run', { query: 'Tell me' }, headers)).body;
    expect(await ask()).toEqual(await ask());
  });

  row('POST /v1/agents/{name}/run', 'the errors: 404, 503 when no provider answers, 408 when time is over, 422', async () => {
    expect(await astromesh.post('/v1/agents/nobody/run', { query: 'x' }, 404)).toEqual({ detail: "Agent 'nobody' not found" });
    await server.deploy(agentDocument(`fails-${place}`, { model: { primary: { provider: 'openai', model: `down-${place}` } } }));
    expect(await astromesh.post(`/v1/agents/fails-${place}/run`, { query: 'fail' }, 503)).toMatchObject({
      detail: {
        error: 'model_provider_unavailable',
        message: expect.stringContaining('no model answered') as unknown,
        hint: expect.any(String) as unknown,
      },
    });
    const orchestration = { pattern: 'react', timeout_seconds: 0.2 };
    await server.deploy(agentDocument(`late-${place}`, { model: { primary: { provider: 'openai', model: 'late' } }, orchestration }));
    const late = await astromesh.post(`/v1/agents/late-${place}/run`, { query: 'slow' }, 408);
    expectShape(late, { detail: 'the time is over' });
    expect(await astromesh.post('/v1/agents/assistant/run', {}, 422)).toEqual({
      detail: [{ type: 'missing', loc: ['body', 'query'], msg: 'Field required', input: null }],
    });
  });

  row('GET /v1/memory/{agent}/history/{session}', 'the example', async () => {
    const session = `sess_${place}`;
    await run('assistant', { query: 'Hello', session_id: session });
    await run('assistant', { query: 'What is Astromesh?', session_id: session });
    const messages = [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi! How can I help?' },
      { role: 'user', content: 'What is Astromesh?' },
      { role: 'assistant', content: 'Astromesh is...' },
    ];
    const path = `/v1/memory/assistant/history/${session}`;
    expect(await astromesh.get(path)).toEqual({ agent: 'assistant', session_id: session, messages, history: messages });
    expect(await astromesh.get(`${path}?limit=1`)).toMatchObject({ messages: messages.slice(-1), limit: 1 });
    expect(await astromesh.get('/v1/memory/assistant/history/never')).toMatchObject({ messages: [], history: [] });
    expect(await astromesh.get('/v1/memory/nobody/history/never', 404)).toEqual({ detail: "Agent 'nobody' not found" });
  });

  row('DELETE /v1/memory/{agent}/history/{session}', 'the example, also when there is nothing to clear', async () => {
    const session = `gone_${place}`;
    await run('assistant', { query: 'Hello', session_id: session });
    const cleared = { status: 'cleared', agent: 'assistant', session_id: session };
    for (const _ of ['once', 'twice']) {
      expect(await astromesh.expect('DELETE', `/v1/memory/assistant/history/${session}`, undefined, 200)).toEqual(cleared);
    }
    expect(await astromesh.get(`/v1/memory/assistant/history/${session}`)).toMatchObject({ messages: [] });
    expect(await astromesh.expect('DELETE', '/v1/memory/nobody/history/x', undefined, 404)).toEqual({ detail: "Agent 'nobody' not found" });
  });

  row('GET /v1/memory/{agent}/semantic', 'the example, best first, as many as asked for', async () => {
    const told = await server.app.api.post('/memory/assistant/facts', { text: 'Previous conversation about deployment on Fridays.' });
    expect(told.status).toBe(201);
    await server.app.api.post('/memory/assistant/facts', { text: 'The cat likes milk.' });
    const found = await astromesh.get<Found>('/v1/memory/assistant/semantic?query=deployment&top_k=1');
    expectShape(found, { results: [{ text: 'Previous', score: 0.92, metadata: { timestamp: '2026-03-08T14:30:00Z' } }] });
    expect(found).toMatchObject({
      agent: 'assistant',
      query: 'deployment',
      top_k: 1,
      results: [{ text: expect.stringContaining('deployment') as unknown }],
    });
    expect(await astromesh.get('/v1/memory/assistant/semantic?query=cat')).toMatchObject({ top_k: 5 });
    expect(await astromesh.get('/v1/memory/assistant/semantic', 422)).toMatchObject({
      detail: [{ type: 'missing', loc: ['query', 'query'] }],
    });
    expect(await astromesh.get('/v1/memory/nobody/semantic?query=x', 404)).toEqual({ detail: "Agent 'nobody' not found" });
  });

  row('GET /v1/tools', 'the example: every tool with the agents that have it', async () => {
    const { tools, count } = await astromesh.get<{ tools: { name: string }[]; count: number }>('/v1/tools');
    expectShape(tools, [{ name: 'web_search', type: 'internal', description: 'x', agents: [] }]);
    expect(count).toBe(tools.length);
    const named = (name: string): unknown => tools.find((tool) => tool.name === name);
    expect(named('web_search')).toMatchObject({ type: 'internal', agents: expect.arrayContaining(['assistant', 'researcher']) as unknown });
    expect(named('knowledge_base')).toMatchObject({ type: 'internal', description: 'Ask the handbook', agents: ['assistant'] });
  });

  row('POST /v1/tools/execute', 'the example, by either pair of names', async () => {
    const input = { query: 'Astromesh documentation', max_results: 3 };
    const executed = await astromesh.post<{ output: object }>('/v1/tools/execute', { tool: 'web_search', input }, 200);
    expectShape(executed, { tool: 'web_search', output: { results: [{ title: 'Astromesh Docs', url: 'https://...' }] }, timing_ms: 320 });
    expect(executed).toMatchObject({ tool: 'web_search', result: executed.output, status: 'ok' });
    const again = await astromesh.post('/v1/tools/execute', { tool_name: 'web_search', arguments: input }, 200);
    expect(again).toMatchObject({ tool: 'web_search', output: executed.output });
    expect(await astromesh.post('/v1/tools/execute', { tool: 'nothing' }, 404)).toEqual({ detail: "Tool 'nothing' not found" });
    expect(await astromesh.post('/v1/tools/execute', {}, 422)).toMatchObject({ detail: [{ type: 'missing', loc: ['body', 'tool'] }] });
  });

  row('POST /v1/rag/ingest', 'the example, on a server that has no such collection', async () => {
    const collection = `product_docs_${place}`;
    const body = {
      collection,
      documents: [{ text: 'Astromesh supports multiple LLM providers. '.repeat(40), metadata: { source: 'docs', page: 1 } }],
      chunk_size: 512,
      chunk_overlap: 50,
    };
    const ingested = await astromesh.post<{ chunks_created: number }>('/v1/rag/ingest', body, 200);
    expectShape(ingested, { collection: 'product_docs', documents_ingested: 1, chunks_created: 4 });
    expect(ingested).toMatchObject({ collection, documents_ingested: 1, pipeline: collection, chunks: ingested.chunks_created });
    expect(ingested.chunks_created).toBeGreaterThan(1);
    expect(await astromesh.post('/v1/rag/ingest', body, 200)).toMatchObject({ documents_ingested: 1, chunks_created: 0 });
    expect(await astromesh.post('/v1/rag/ingest', { collection, documents: [{}], chunk_size: 60, chunk_overlap: 60 }, 422)).toMatchObject({
      detail: [{ type: 'missing', loc: ['body', 'documents', 0, 'text'] }],
    });
    expect(await astromesh.post('/v1/rag/ingest', { ...body, chunk_size: 60, chunk_overlap: 60 }, 422)).toMatchObject({
      detail: [{ loc: ['body', 'chunk_overlap'] }],
    });
  });

  row('POST /v1/rag/ingest', 'as the original takes it: one document for a pipeline that there is', async () => {
    const pipeline = `pipeline_${place}`;
    const body = { pipeline, document: 'The router chooses a model.', metadata: { page: 3 }, doc_id_prefix: 'doc' };
    expect(await astromesh.post('/v1/rag/ingest', body, 404)).toEqual({ detail: `RAGPipeline not found: ${pipeline}` });
    expect((await server.app.api.post('/rag/collections', { name: pipeline })).status).toBe(201);
    expect(await astromesh.post('/v1/rag/ingest', body, 200)).toMatchObject({ pipeline, chunks: 1, collection: pipeline });
    const { results } = await astromesh.post<Found>('/v1/rag/query', { pipeline, query: 'Which model?' }, 200);
    expect(results).toMatchObject([{ text: body.document, content: body.document, doc_id: 'doc', metadata: { page: 3 } }]);
  });

  row('POST /v1/rag/query', 'the example: the best, and nothing below the threshold', async () => {
    const collection = `router_docs_${place}`;
    const text = 'The Model Router selects which LLM provider a model call goes to.';
    const documents = [{ text, metadata: { source: 'docs', page: 3 } }, { text: 'Bananas are yellow.' }];
    await astromesh.post('/v1/rag/ingest', { collection, documents }, 200);
    const query = 'How does the model router work?';
    const found = await astromesh.post<Found>('/v1/rag/query', { collection, query, top_k: 5, score_threshold: 0.3 }, 200);
    expectShape(found, { results: [{ text: 'x', score: 0.89, metadata: { source: 'docs', page: 3 } }] });
    expect(found.results).toMatchObject([{ text }]);
    expect(await astromesh.post('/v1/rag/query', { collection, query, score_threshold: 1 }, 200)).toMatchObject({
      results: [],
      query,
      top_k: 5,
    });
    expect(await astromesh.post('/v1/rag/query', { collection: 'none', query }, 404)).toEqual({ detail: 'Collection not found: none' });
  });

  row('GET /v1/tools/builtin', 'the example', async () => {
    const { tools, count } = await astromesh.get<{ tools: { name: string }[]; count: number }>('/v1/tools/builtin');
    expect(tools[0]).toMatchObject({
      name: 'datetime_now',
      parameters: { type: 'object', properties: { timezone: { type: 'string', description: expect.any(String) as unknown } } },
    });
    expect(count).toBe(tools.length);
    expect(count).toBeGreaterThanOrEqual(17);
  });

  row('GET /v1/traces', 'not implemented yet, and says so', async () => {
    for (const path of ['/v1/traces/', '/v1/traces', '/v1/traces/?agent=assistant&limit=20']) {
      expect(await astromesh.get(path, 501)).toEqual({ detail: 'traces are not implemented yet' });
    }
  });
  row('GET /v1/traces/{trace_id}', 'not implemented yet, and says so', async () => {
    expect(await astromesh.get('/v1/traces/abc123', 501)).toEqual({ detail: 'traces are not implemented yet' });
  });
  row('GET /v1/metrics', 'not implemented yet, and says so', async () => {
    expect(await astromesh.get('/v1/metrics/', 501)).toEqual({ detail: 'metrics are not implemented yet' });
  });
  row('POST /v1/metrics/reset', 'not implemented yet, and says so', async () => {
    expect(await astromesh.post('/v1/metrics/reset', undefined, 501)).toEqual({ detail: 'metrics are not implemented yet' });
  });

  row('GET /v1/system/status', 'the example', async () => {
    const status = await astromesh.get('/v1/system/status');
    expectShape(status, {
      version: '0.10.0',
      status: 'running',
      mode: 'standalone',
      pid: 48291,
      uptime_seconds: 8072,
      agents_loaded: 3,
      providers: { healthy: 2, degraded: 0, unavailable: 0 },
      services: { api: true, agents: true, inference: true, memory: true, tools: true, channels: true, rag: true, observability: true },
    });
    expect(status).toMatchObject({ status: 'running', mode: 'standalone', pid: process.pid, peers: [], mesh: null });
  });

  row('GET /v1/system/doctor', 'the example, and with `?format=map` as the original’s command line reads it', async () => {
    const doctor = await astromesh.get<{ checks: { name: string; status: string }[]; summary: Record<string, number> }>(
      '/v1/system/doctor',
    );
    expect(doctor.checks[0]).toEqual({ name: 'runtime', status: 'healthy', message: null });
    expect(doctor.checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['openai', 'anthropic']));
    expectShape(doctor.summary, { healthy: 3, degraded: 0, failing: 1 });
    for (const status of ['healthy', 'degraded', 'failing']) {
      expect(doctor.summary[status]).toBe(doctor.checks.filter((check) => check.status === status).length);
    }
    const map = await astromesh.get<{ healthy: boolean; checks: Record<string, object> }>('/v1/system/doctor?format=map');
    expect(map.healthy).toBe(doctor.summary['failing'] === 0);
    expect(map.checks).toMatchObject({
      runtime: { status: 'ok', message: '' },
      'provider:default:openai': { status: expect.any(String) as unknown },
    });
  });

  row('GET /v1/mesh/state', 'not implemented yet, and says so', async () => {
    expect(await astromesh.get('/v1/mesh/state', 501)).toEqual({ detail: 'meshes are not implemented yet' });
  });
  const meshed = async (path: string, body: object): Promise<void> => {
    expect(await astromesh.post(`/v1/mesh/${path}`, body, 501)).toEqual({ detail: 'meshes are not implemented yet' });
  };
  row('POST /v1/mesh/join', 'not implemented yet, and says so', () =>
    meshed('join', { node_id: 'node-gamma', address: '10.0.1.12:8000', agents: ['assistant'] }),
  );
  row('POST /v1/mesh/leave', 'not implemented yet, and says so', () => meshed('leave', { node_id: 'node-gamma' }));
  row('POST /v1/mesh/heartbeat', 'not implemented yet, and says so', () =>
    meshed('heartbeat', { node_id: 'node-alpha', heartbeat: 4522, active_requests: 14 }),
  );
  row('POST /v1/mesh/gossip', 'not implemented yet, and says so', () => meshed('gossip', { sender: 'node-alpha', state: [] }));
  row('POST /v1/mesh/election', 'not implemented yet, and says so', () => meshed('election', { type: 'election', sender: 'node-beta' }));

  row('errors', 'are `{"detail"}`: no route, another method, no key, no JSON', async () => {
    expect(await astromesh.get('/v1/nothing', 404)).toEqual({ detail: 'Not Found' });
    expect(await astromesh.expect('DELETE', '/v1/health', undefined, 405)).toEqual({ detail: 'Method Not Allowed' });
    const refused = await astromesh.withKey(undefined).send('GET', '/v1/agents');
    expect(refused).toMatchObject({ status: 401, body: { detail: expect.any(String) as unknown } });
    expect(refused.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await astromesh.post('/v1/tools/execute', '{', 422)).toMatchObject({ detail: [{ type: 'json_invalid', loc: ['body'] }] });
  });

  row('errors', 'nothing of another tenant is there', async () => {
    const other = await server.app.createKey({ tenant: 'elsewhere', role: 'admin' });
    const theirs = astromesh.withKey(other.key);
    expect(await theirs.get('/v1/agents')).toEqual({ agents: [] });
    for (const path of ['/v1/agents/assistant', '/v1/memory/assistant/history/x', '/v1/memory/assistant/semantic?query=x']) {
      expect(await theirs.get(path, 404)).toEqual({ detail: "Agent 'assistant' not found" });
    }
    expect(await theirs.post('/v1/agents/assistant/run', { query: 'x' }, 404)).toEqual({ detail: "Agent 'assistant' not found" });
    const collection = `router_docs_${place}`;
    expect(await theirs.post('/v1/rag/query', { collection, query: 'x' }, 404)).toEqual({ detail: `Collection not found: ${collection}` });
  });

  row('CORS', 'browsers may call from anywhere', async () => {
    const { status, headers } = await astromesh.withKey(undefined).send('OPTIONS', '/v1/agents', undefined, {
      origin: 'https://app.example.com',
      'access-control-request-method': 'POST',
    });
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe('*');
  });

  row('GET /openapi.json', 'an OpenAPI 3.1 document, and pages to read it in', async () => {
    const described = await astromesh.get<{ openapi: string; info: object; paths: object }>('/openapi.json');
    expect(described).toMatchObject({ openapi: '3.1.0', info: { title: 'Astromesh API' } });
    expect(Object.keys(described.paths)).toEqual(expect.arrayContaining(['/v1/agents/{name}/run', '/v1/rag/ingest', '/v1/system/doctor']));
    expect((await astromesh.send('GET', '/docs')).body).toContain('swagger');
  });

  deviation(
    'POST /v1/agents/{name}/run',
    '`X-Astromesh-Provider-Key` is refused with 501',
    'a run may go on in another process after a crash, and nobody’s key is written down for it',
    async () => {
      const headers = { 'X-Astromesh-Provider-Key': 'sk-mine', 'X-Astromesh-Provider-Name': 'openai' };
      const { status, body } = await astromesh.send('POST', '/v1/agents/assistant/run', { query: 'Hello' }, headers);
      expect(status).toBe(501);
      expect(body).toMatchObject({ detail: expect.stringContaining('X-Astromesh-Provider-Key') as unknown });
    },
  );

  deviation(
    'POST /v1/agents/{name}/run',
    'an agent that comes to its limits is a 422, never an answer',
    'a text that says so could not be told from what the model said',
    async () => {
      const orchestration = { pattern: 'react', max_iterations: 1 };
      const tools = [{ name: 'datetime_now', type: 'builtin' }];
      await server.deploy(agentDocument(`limited-${place}`, { orchestration, tools }));
      const { detail } = await astromesh.post<{ detail: string }>(`/v1/agents/limited-${place}/run`, { query: 'What time is it?' }, 422);
      expect(typeof detail).toBe('string');
    },
  );

  deviation(
    'DELETE /v1/memory/{agent}/history/{session}',
    'the runs of the session go too, and one under way is cancelled',
    'their journals hold the same words, and what is cleared must not come back',
    async () => {
      const { session_id: session, run_id: id } = await run('assistant', { query: 'Hello' });
      await astromesh.expect('DELETE', `/v1/memory/assistant/history/${session}`, undefined, 200);
      expect((await server.app.api.get(`/runs/${String(id)}`)).status).toBe(404);
    },
  );

  deviation('GET /v1/system/doctor', 'needs a key of an admin', 'it tells of the whole installation, not of one tenant', async () => {
    const { key } = await server.app.createKey({ role: 'operator' });
    expect(await astromesh.withKey(key).get('/v1/system/doctor', 403)).toMatchObject({ detail: expect.any(String) as unknown });
  });

  deviation('errors', '`input` of a fault is null', 'what was sent may hold secrets, and is not sent back', async () => {
    const body = await astromesh.post('/v1/agents/assistant/run', { query: 7 }, 422);
    expect(body).toMatchObject({ detail: [{ loc: ['body', 'query'], input: null }] });
  });
});
