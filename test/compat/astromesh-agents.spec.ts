import { afterAll, beforeAll, describe, expect } from 'vitest';
import { agentDocument, AstromeshServer } from './support/astromesh.js';
import { DialectClient } from './support/http.js';
import { row } from './support/rows.js';

let server: AstromeshServer;

beforeAll(async () => {
  server = await AstromeshServer.start();
});
afterAll(async () => {
  await server?.close();
});

describe.each([
  ['below its path', () => server.path],
  ['on a port of its own', () => server.port],
])('agents of Astromesh %s', (where, urlOf) => {
  const place = where.includes('port') ? 'port' : 'path';
  let astromesh: DialectClient;

  beforeAll(() => {
    astromesh = new DialectClient(urlOf(), server.app.adminKey);
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
});
