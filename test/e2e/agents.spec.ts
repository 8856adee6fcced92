import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { eventually } from '../support/runs.js';

interface AgentBody {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly source: string;
  readonly model: string;
  readonly tools: readonly string[];
  readonly definition: { readonly instructions?: string; readonly model: object; readonly orchestration?: object; readonly extra?: object };
  readonly warnings: readonly { readonly path: string; readonly code: string }[];
}

const MODEL = { primary: { provider: 'scripted', model: 'tiny', rules: [{ reply: 'Hello' }] } };

const ASTROMESH = `
apiVersion: astromesh/v1
kind: Agent
metadata: { name: support-agent, version: 1.2.0, namespace: shop, labels: { team: care } }
spec:
  identity: { display_name: Support, description: Helps customers }
  model:
    primary: { provider: ollama, model: "llama3.1:8b", endpoint: "http://localhost:11434", parameters: { temperature: 0.3, max_tokens: 512 } }
    fallback: { provider: openai, model: gpt-4o-mini, api_key_env: OPENAI_API_KEY, timeout: 30 }
    routing: { strategy: quality_first, health_check_interval: 30 }
  prompts: { system: "You help {{ user_name }}." }
  orchestration: { pattern: react, max_iterations: 5, timeout_seconds: 60 }
  tools:
    - { name: http_request, type: builtin }
    - { name: lookup, type: client, parameters: { id: { type: string, description: Which } } }
  memory: { conversational: { backend: redis, strategy: sliding_window, max_turns: 20, ttl: 3600 } }
  guardrails:
    input: [{ type: pii_detection, action: redact }, { type: topic_filter, blocked_topics: [weapons], action: block }]
    output: [{ type: cost_limit, max_tokens_per_turn: 1000 }]
  observability: { tracing: true }
`;

let directory: string;
let app: TestApp;
let api: ApiClient;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'heddle-agents-'));
  await writeFile(join(directory, 'support.agent.yaml'), ASTROMESH);
  await writeFile(join(directory, 'broken.yaml'), 'name: broken\nmodel: { primary: { provider: openai_compatible, model: x } }\n');
  app = await startApp({ env: { HEDDLE_AGENTS_DIR: directory } });
  ({ api } = app);
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true });
});

const read = async (name: string) => (await api.get<AgentBody>(`/agents/${name}`)).body;

describe('an agent', () => {
  it('is stored in versions', async () => {
    const first = await api.post<AgentBody>('/agents', { name: 'versioned', instructions: 'one', model: MODEL });
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ name: 'versioned', version: 1, source: 'api', model: 'scripted/tiny', warnings: [] });
    expect((await api.post<AgentBody>('/agents', { name: 'versioned', instructions: 'one', model: MODEL })).status).toBe(200);
    const second = await api.put<AgentBody>('/agents/versioned', { name: 'versioned', instructions: 'two', model: MODEL });
    expect(second).toMatchObject({ status: 200, body: { version: 2, definition: { instructions: 'two' } } });
    expect((await api.get<AgentBody>('/agents/versioned', { query: { version: 1 } })).body.definition.instructions).toBe('one');
    const versions = await api.get<{ data: { version: number }[] }>('/agents/versioned/versions');
    expect(versions.body.data.map(({ version }) => version)).toEqual([2, 1]);
  });

  it('takes runs once it is deployed, and none while it is paused', async () => {
    const definition = { name: 'staged', model: MODEL };
    const asked = async (name = 'staged') => {
      const { status, body } = await api.post<{ code?: string }>(`/agents/${name}/run`, { query: 'Hi' });
      return [status, body.code];
    };
    expect(await api.post('/agents', definition, { query: { draft: 'true' } })).toMatchObject({ status: 201, body: { status: 'draft' } });
    expect(await asked()).toEqual([409, 'agent_not_deployed']);
    expect((await api.post('/agents/staged/pause')).status).toBe(409);
    expect(await api.post('/agents/staged/deploy')).toMatchObject({ status: 200, body: { status: 'ready' } });
    expect(await asked()).toEqual([200, undefined]);
    expect(await api.post('/agents/staged/pause')).toMatchObject({ status: 200, body: { status: 'paused' } });
    expect(await asked()).toEqual([409, 'agent_not_deployed']);
    expect((await api.get('/agents/staged')).body).toMatchObject({ status: 'paused' });
    // Neither a new version nor the same content again changes that; a draft does.
    expect((await api.post('/agents', { ...definition, instructions: 'more' })).body).toMatchObject({ version: 2, status: 'paused' });
    await api.post('/agents/staged/deploy');
    expect((await api.post('/agents', { ...definition, instructions: 'more' }, { query: { draft: 'true' } })).body).toMatchObject({
      version: 2,
      status: 'draft',
    });
    await api.post('/agents/staged/deploy');
    expect((await api.put('/agents/staged', definition, { query: { draft: 'true' } })).body).toMatchObject({ version: 3, status: 'draft' });
    expect((await api.post('/agents/nobody/deploy')).status).toBe(404);
    expect((await api.post('/agents/nobody/pause')).status).toBe(404);
  });

  it('that is no more than a draft is nothing that other agents can ask', async () => {
    await api.post('/agents', { name: 'unfinished', model: MODEL }, { query: { draft: 'true' } });
    const rules = [{ when: { tool: 'unfinished' }, reply: '{{ tool }}' }, { tool_calls: [{ name: 'unfinished', input: { query: 'Hi' } }] }];
    await api.post('/agents', {
      name: 'delegates',
      model: { primary: { provider: 'scripted', model: 'delegates', rules } },
      tools: [{ name: 'unfinished', type: 'agent' }],
    });
    const { body } = await api.post<{ tool_calls: object[] }>('/agents/delegates/run', { query: 'Hi' });
    expect(body.tool_calls).toMatchObject([{ tool: 'unfinished', is_error: true }]);
    await api.post('/agents/unfinished/deploy');
    const again = await api.post<{ tool_calls: object[] }>('/agents/delegates/run', { query: 'Hi' });
    expect(again.body.tool_calls).toMatchObject([{ tool: 'unfinished', output: 'Hello' }]);
  });

  it('is no workflow', async () => {
    const { body } = await api.post<AgentBody>('/agents', { name: 'apart', model: MODEL });
    for (const ref of ['apart', 'default%2Fapart', body.id]) expect((await api.get(`/workflows/${ref}`)).status).toBe(404);
    const workflows = await api.get<{ data: { name: string }[] }>('/workflows', { query: { limit: 500 } });
    expect(workflows.body.data.map(({ name }) => name)).not.toContain('apart');
    expect((await api.get<{ data: { name: string }[] }>('/jobs')).body.data).toEqual([]);
    expect((await api.post(`/workflows/${body.id}/pause`, {})).status).toBe(404);
  });

  it('comes as YAML', async () => {
    const yaml = 'name: from-yaml\nmodel:\n  primary: { provider: scripted, model: m, rules: [{ reply: hi }] }\n';
    const { status, body } = await api.post<AgentBody>('/agents', undefined, {
      raw: yaml,
      headers: { 'content-type': 'application/yaml' },
    });
    expect({ status, name: body.name }).toEqual({ status: 201, name: 'from-yaml' });
  });

  it('is deleted, and its name is free again', async () => {
    await api.post('/agents', { name: 'gone', model: MODEL });
    expect((await api.delete('/agents/gone')).status).toBe(204);
    expect((await api.get('/agents/gone')).status).toBe(404);
    expect((await api.delete('/agents/gone')).status).toBe(404);
    expect((await api.post<AgentBody>('/agents', { name: 'gone', model: MODEL })).body.version).toBe(1);
  });

  it('is listed by pages', async () => {
    const names: string[] = [];
    for (let cursor: string | undefined; ;) {
      const { body } = await api.get<{ data: AgentBody[]; next_cursor: string | null }>('/agents', {
        query: { limit: 2, ...(cursor === undefined ? {} : { cursor }) },
      });
      names.push(...body.data.map(({ name }) => name));
      if (body.next_cursor === null) break;
      cursor = body.next_cursor;
    }
    expect(names).toEqual(expect.arrayContaining(['versioned', 'support-agent']));
    expect(new Set(names).size).toBe(names.length);
  });

  it('cannot be renamed by a replacement', async () => {
    const { status, body } = await api.put<{ errors: object[] }>('/agents/versioned', { name: 'another', model: MODEL });
    expect({ status, errors: body.errors }).toMatchObject({ status: 422, errors: [{ path: '/name' }] });
    expect((await api.put('/agents/nobody', { name: 'nobody', model: MODEL })).status).toBe(404);
  });
});

describe('what is wrong with an agent is told with its place', () => {
  it.each([
    ['no model', { name: 'x' }, ['/model']],
    ['an unknown member', { name: 'x', model: MODEL, toolz: [] }, ['/toolz']],
    [
      'an endpoint without an address',
      { name: 'x', model: { primary: { provider: 'openai_compatible', model: 'm' } } },
      ['/model/primary/base_url'],
    ],
    [
      'a key from anywhere',
      { name: 'x', model: { primary: { provider: 'openai', model: 'm', api_key_env: 'DATABASE_URL' } } },
      ['/model/primary/api_key_env'],
    ],
    ['a script without rules', { name: 'x', model: { primary: { provider: 'scripted', model: 'm' } } }, ['/model/primary/rules']],
    [
      'a bad rule and a bad pattern',
      { name: 'x', model: { primary: { provider: 'scripted', model: 'm', rules: [{ say: 'x' }, { when: { user: '(' }, reply: 'x' }] } } },
      ['/model/primary/rules/0/say', '/model/primary/rules/1/when/user'],
    ],
    ['a tool twice', { name: 'x', model: MODEL, tools: ['a', { name: 'a' }] }, ['/tools/1/name']],
    ['itself as a tool', { name: 'x', model: MODEL, tools: [{ name: 'x', type: 'agent' }] }, ['/tools/0']],
    ['a supervisor alone', { name: 'x', model: MODEL, orchestration: { pattern: 'supervisor' } }, ['/orchestration/agents']],
    ['a bad condition', { name: 'x', model: MODEL, approvals: [{ tools: ['*'], when: '{{ inputs. }}' }] }, ['/approvals/0/when']],
    ['a guardrail that is none', { name: 'x', model: MODEL, guardrails: { input: [{ type: 'nothing' }] } }, ['/guardrails/input/0/type']],
    ['a bad schema', { name: 'x', model: MODEL, output_schema: { type: 'objekt' } }, ['/output_schema/type']],
  ])('%s', async (_, definition, paths) => {
    const { status, body } = await api.post<{ code: string; errors: { path: string }[] }>('/agents', definition);
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'invalid_definition' });
    expect(body.errors.map(({ path }) => path)).toEqual(expect.arrayContaining(paths));
    const validation = await api.post<{ valid: boolean; errors: { path: string }[] }>('/agents/validate', definition);
    expect(validation.body).toMatchObject({ valid: false, errors: body.errors });
  });
});

describe('a directory of agents', () => {
  it('holds documents of Astromesh, unchanged', async () => {
    const agent = await read('support-agent');
    expect(agent).toMatchObject({
      source: `fs:${directory.split('/').at(-1)}`,
      model: 'openai_compatible/llama3.1:8b',
      tools: ['http_request', 'lookup'],
      definition: {
        description: 'Helps customers',
        instructions: 'You help {{ user_name }}.',
        labels: { team: 'care' },
        model: {
          primary: {
            provider: 'openai_compatible',
            base_url: 'http://localhost:11434/v1',
            parameters: { temperature: 0.3, max_tokens: 512 },
          },
          fallback: [{ provider: 'openai', model: 'gpt-4o-mini', timeout_ms: 30_000 }],
          routing: 'quality_first',
        },
        orchestration: { pattern: 'react', max_iterations: 5, timeout_ms: 60_000 },
        extra: { api_version: 'astromesh/v1', spec: { observability: { tracing: true } } },
      },
    });
  });

  it('tells of a broken file and loads the others', () => {
    const line = app.logs.find((each) => each.includes('agent file not loaded'));
    expect(line).toContain('/model/primary/base_url');
  });

  it('is loaded again when a file changes', async () => {
    await writeFile(join(directory, 'support.agent.yaml'), ASTROMESH.replace('Helps customers', 'Helps everybody'));
    const changed = await eventually(
      () => read('support-agent'),
      (agent) => agent.version === 2,
    );
    expect(changed.definition).toMatchObject({ description: 'Helps everybody' });
  });

  it('says faults where their author wrote them', async () => {
    const yaml = ASTROMESH.replace('http://localhost:11434', 'not a url').replace('max_iterations: 5', 'max_iterations: 0');
    const { status, body } = await api.post<{ errors: { path: string }[] }>('/agents', undefined, {
      raw: yaml,
      headers: { 'content-type': 'application/yaml' },
    });
    expect(status).toBe(422);
    expect(body.errors.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/spec/orchestration/max_iterations', '/spec/model/primary/base_url']),
    );
  });
});

it('a viewer reads agents and writes none', async () => {
  const viewer = (await app.createKey({ role: 'viewer' })).api;
  expect((await viewer.get('/agents')).status).toBe(200);
  expect((await viewer.post('/agents', { name: 'mine', model: MODEL })).status).toBe(403);
  const operator = (await app.createKey({ role: 'operator' })).api;
  expect((await operator.delete('/agents/versioned')).status).toBe(403);
});
