import { afterAll, beforeAll, describe, expect } from 'vitest';
import { agentDocument, AstromeshServer } from './support/astromesh.js';
import { entrancesOf } from './support/entrances.js';
import { DialectClient } from './support/http.js';
import { deviation, row } from './support/rows.js';

let server: AstromeshServer;

beforeAll(async () => {
  server = await AstromeshServer.start();
});
afterAll(async () => {
  await server?.close();
});

describe.each(entrancesOf('astromesh'))('agents of Astromesh %s', (where, urlOf) => {
  const place = where.includes('port') ? 'port' : 'path';
  let astromesh: DialectClient;

  beforeAll(() => {
    astromesh = new DialectClient(urlOf(server.app), server.app.adminKey);
  });

  const ask = (agent: string): Promise<object> => astromesh.post(`/v1/agents/${agent}/run`, { query: 'Hello' }, 200);

  row('POST /v1/agents', 'registers a draft, which takes no runs until it is deployed', async () => {
    const name = `drafted-${place}`;
    const drafted = server.here(agentDocument(name));
    expect(await astromesh.post('/v1/agents', drafted, 201)).toEqual({ name, status: 'registered' });
    expect(await astromesh.get(`/v1/agents/${name}`)).toMatchObject({ status: 'draft', memory: { conversational: null, semantic: null } });
    expect(await astromesh.post(`/v1/agents/${name}/run`, { query: 'Hello' }, 404)).toEqual({ detail: `Agent '${name}' not found` });
    const faulty = await astromesh.post('/v1/agents', { ...drafted, spec: {} }, 422);
    expect(faulty).toMatchObject({ detail: [{ type: 'missing', loc: ['body', 'spec', 'model'], msg: 'Field required' }] });
  });

  row('POST /v1/agents/{name}/deploy', 'from then on it takes runs', async () => {
    const name = `staged-${place}`;
    await astromesh.post('/v1/agents', server.here(agentDocument(name)), 201);
    expect(await astromesh.post(`/v1/agents/${name}/deploy`, undefined, 200)).toEqual({ agent: name, status: 'deployed' });
    expect(await astromesh.get(`/v1/agents/${name}`)).toMatchObject({ status: 'ready' });
    expect(await ask(name)).toMatchObject({ response: 'Hi! How can I help?' });
    expect(await astromesh.post('/v1/agents/nobody/deploy', undefined, 404)).toEqual({ detail: "Agent 'nobody' not found" });
  });

  row('POST /v1/agents/{name}/pause', 'while it is paused it takes no runs', async () => {
    const name = await server.deploy(agentDocument(`paused-${place}`));
    expect(await astromesh.post(`/v1/agents/${name}/pause`, undefined, 200)).toEqual({ agent: name, status: 'paused' });
    expect(await astromesh.post(`/v1/agents/${name}/run`, { query: 'Hello' }, 404)).toEqual({ detail: `Agent '${name}' not found` });
    await astromesh.post(`/v1/agents/${name}/deploy`, undefined, 200);
    await ask(name);
    expect(await astromesh.post('/v1/agents/nobody/pause', undefined, 404)).toEqual({ detail: "Agent 'nobody' not found" });
  });

  row('PUT /v1/agents/{name}', 'what `GET` shows can be stored again as it is; the agent is a draft then', async () => {
    const name = await server.deploy(agentDocument(`edited-${place}`, { output_repairs: 1 }));
    const shown = await astromesh.get<object>(`/v1/agents/${name}`);
    const { version } = (await server.app.api.get<{ version: number }>(`/agents/${name}`)).body;
    expect(await astromesh.expect('PUT', `/v1/agents/${name}`, shown, 200)).toEqual({ agent: name, status: 'updated' });
    expect((await server.app.api.get(`/agents/${name}`)).body).toMatchObject({
      version,
      status: 'draft',
      definition: { output_repairs: 1 },
    });
    expect(await astromesh.post(`/v1/agents/${name}/pause`, undefined, 404)).toEqual({ detail: `Agent '${name}' not found` });
    expect(await astromesh.expect('PUT', '/v1/agents/nobody', shown, 404)).toEqual({ detail: "Agent 'nobody' not found" });
  });

  row('DELETE /v1/agents/{name}', 'removes it', async () => {
    const name = await server.deploy(agentDocument(`removed-${place}`));
    expect(await astromesh.expect('DELETE', `/v1/agents/${name}`, undefined, 200)).toEqual({ name, status: 'removed' });
    expect(await astromesh.expect('DELETE', `/v1/agents/${name}`, undefined, 404)).toEqual({ detail: `Agent '${name}' not found` });
  });

  row('POST /v1/rag/pipelines', 'makes a collection, which `rag/ingest` knows', async () => {
    const name = `handbook-${place}`;
    const spec = {
      description: 'How we work',
      chunking: { strategy: 'sentence', chunk_size: 200, overlap: 10 },
      vector_store: { backend: 'faiss' },
    };
    const pipeline = { apiVersion: 'astromesh/v1', kind: 'RAGPipeline', metadata: { name }, spec };
    expect(await astromesh.post('/v1/rag/pipelines', pipeline, 201)).toEqual({ name, status: 'created' });
    expect((await astromesh.send('POST', '/v1/rag/pipelines', pipeline)).status).toBe(409);
    expect(await astromesh.post('/v1/rag/ingest', { pipeline: name, document: 'Thirty days of leave.' }, 200)).toMatchObject({ chunks: 1 });
    const refused = async (more: object): Promise<unknown> =>
      astromesh.post('/v1/rag/pipelines', { metadata: { name: 'x' }, spec: more }, 422);
    expect(await refused({ chunking: [] })).toMatchObject({ detail: [{ loc: ['body', 'spec', 'chunking'] }] });
    expect(await refused({ reranking: { enabled: true } })).toMatchObject({ detail: [{ loc: ['body', 'spec', 'reranking', 'enabled'] }] });
    expect(await astromesh.post('/v1/rag/pipelines', {}, 422)).toMatchObject({ detail: [{ type: 'missing', loc: ['body', 'metadata'] }] });
  });

  row('GET /v1/rag/pipelines', 'all of them', async () => {
    const { pipelines } = await astromesh.get<{ pipelines: object[] }>('/v1/rag/pipelines');
    expect(pipelines).toContainEqual({ name: `handbook-${place}`, description: 'How we work', backend: 'postgres' });
  });

  row('GET /v1/rag/pipelines/{name}', 'its document', async () => {
    expect(await astromesh.get(`/v1/rag/pipelines/handbook-${place}`)).toMatchObject({
      kind: 'RAGPipeline',
      metadata: { name: `handbook-${place}` },
      spec: { chunking: { strategy: 'sentence', chunk_size: 200, overlap: 10 }, embeddings: { provider: 'local' } },
    });
    expect(await astromesh.get('/v1/rag/pipelines/none', 404)).toEqual({ detail: 'RAGPipeline not found: none' });
  });

  row('DELETE /v1/rag/pipelines/{name}', 'with all that is in it', async () => {
    const name = `handbook-${place}`;
    expect(await astromesh.expect('DELETE', `/v1/rag/pipelines/${name}`, undefined, 200)).toEqual({ name, status: 'removed' });
    expect(await astromesh.expect('DELETE', `/v1/rag/pipelines/${name}`, undefined, 404)).toEqual({
      detail: `RAGPipeline not found: ${name}`,
    });
  });

  deviation(
    'PUT /v1/rag/pipelines/{name}',
    'is not there',
    'what a collection holds was cut and embedded as its pipeline said: another pipeline is another collection',
    async () => {
      expect(await astromesh.expect('PUT', '/v1/rag/pipelines/x', {}, 405)).toEqual({ detail: 'Method Not Allowed' });
    },
  );

  deviation(
    'POST /v1/rag/pipelines',
    'models of Hugging Face and rerankers are refused',
    'no such model runs in this process, and another in its place would be a surprise',
    async () => {
      const body = { metadata: { name: 'hf' }, spec: { embeddings: { provider: 'hf', model: 'BAAI/bge-small-en-v1.5' } } };
      expect(await astromesh.post('/v1/rag/pipelines', body, 422)).toMatchObject({
        detail: [{ loc: ['body', 'spec', 'embeddings', 'provider'] }],
      });
    },
  );
});
