import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';

interface Workflow {
  id: string;
  name: string;
  version: number;
  version_id: string;
  definition: Record<string, unknown>;
  warnings: { path: string; code: string }[];
}
interface Problem {
  code: string;
  errors: { path: string; code: string; message: string; line?: number; column?: number }[];
}
type Page<T> = { data: T[]; next_cursor: string | null };

const definition = (name: string, more: object = {}) => ({
  name,
  nodes: [{ id: 'greet', type: 'transform.set', config: { values: { text: 'hello' } } }],
  ...more,
});
const at = (name: string) => `/workflows/${encodeURIComponent(name)}`;

let server: TestApp;
let api: ApiClient;

beforeAll(async () => {
  server = await startApp();
  api = server.api;
});
afterAll(() => server?.close());

describe('storing a workflow', () => {
  it('makes a version, the same content none, changed content the next', async () => {
    const first = await api.post<Workflow>('/workflows', definition('store/a', { description: 'one', tags: ['x'] }));
    expect(first.status).toBe(201);
    expect(first.headers.get('location')).toBe(`/api/v1/workflows/${first.body.id}`);
    expect(first.body).toMatchObject({
      name: 'store/a',
      namespace: 'store',
      version: 1,
      source: 'api',
      description: 'one',
      tags: ['x'],
      nodes: 1,
      triggers: 0,
      warnings: [],
    });

    const again = await api.post<Workflow>('/workflows', { tags: ['x'], description: 'one', ...definition('store/a') });
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({ id: first.body.id, version: 1, version_id: first.body.version_id });

    const changed = await api.post<Workflow>('/workflows', definition('store/a', { description: 'two' }));
    expect(changed.status).toBe(201);
    expect(changed.body).toMatchObject({ id: first.body.id, version: 2, description: 'two', tags: [] });

    const back = await api.post<Workflow>('/workflows', definition('store/a', { description: 'one', tags: ['x'] }));
    expect(back.body).toMatchObject({ version: 3 });
  });

  it('takes YAML, and calls it the same when it says the same', async () => {
    const yaml = [
      'name: store/yaml # a comment',
      'nodes:',
      '  - id: greet',
      '    type: transform.set',
      '    config: { values: { text: "hello" } }',
    ].join('\n');
    const headers = { 'content-type': 'application/yaml' };
    const first = await api.post<Workflow>('/workflows', undefined, { raw: yaml, headers });
    expect(first.status).toBe(201);
    expect((await api.post<Workflow>('/workflows', definition('store/yaml'))).status).toBe(200);
    expect(first.body.definition).toEqual(definition('store/yaml'));
  });

  it('puts a name without namespace into default', async () => {
    const { body } = await api.post<Workflow>('/workflows', definition('plain'));
    expect(body).toMatchObject({ name: 'default/plain', namespace: 'default', definition: { name: 'default/plain' } });
    expect((await api.get<Workflow>('/workflows/plain')).body.id).toBe(body.id);
    expect((await api.get<Workflow>(at('default/plain'))).body.id).toBe(body.id);
  });

  it('numbers versions without gaps when many are stored at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => api.post<Workflow>('/workflows', definition('store/race', { description: `d${i % 10}` }))),
    );
    expect(answers.every(({ status }) => status === 201 || status === 200)).toBe(true);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const { body } = await api.get<Page<{ version: number }>>(`${at('store/race')}/versions`);
    const versions = body.data.map(({ version }) => version);
    expect(versions).toEqual(versions.map((_, i) => versions.length - i));
    expect(versions.length).toBeGreaterThanOrEqual(10);
  });

  it('makes one version of one content, however often it arrives at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.post<Workflow>('/workflows', definition('store/same'))));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.every(({ body }) => body.version === 1)).toBe(true);
  });

  it('can be repeated with an idempotency key', async () => {
    const headers = { 'idempotency-key': 'store-once' };
    const first = await api.post<Workflow>('/workflows', definition('store/once'), { headers });
    const second = await api.post<Workflow>('/workflows', definition('store/once'), { headers });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
  });

  it('tells every error at once, each with its pointer, and where in an expression', async () => {
    const { status, body } = await api.post<Problem>('/workflows', {
      name: 'bad/one',
      nodse: [],
      nodes: [
        { id: 'a', type: 'http.requst', needs: ['b'] },
        { id: 'b', type: 'transform.set', needs: ['a'], config: { values: { x: '{{ nodes.c.output + 1 }}' } } },
        { id: 'c', type: 'transform.set', config: {} },
        { id: 'd', type: 'debug.log', needs: ['ghost'], config: { message: 'n: {{ 1 + "a" }}' } },
      ],
    });
    expect(status).toBe(422);
    expect(body.code).toBe('invalid_definition');
    expect(body.errors.map(({ path, code }) => `${path} ${code}`)).toEqual([
      '/nodse unknown_field',
      '/nodes/3/needs/0 dangling_reference',
      '/nodes/0/needs cycle',
      '/nodes/0/type unknown_node_type',
      '/nodes/2/config/values required',
      '/nodes/3/config/message type',
    ]);
    expect(body.errors[2]?.message).toContain('a -> b -> a');
    expect(body.errors[3]?.message).toContain('did you mean http.request?');
    expect(body.errors[5]).toMatchObject({ line: 1, column: 7 });
  });

  it.each<[string, string, RegExp, number | undefined]>([
    ['a syntax error', 'name: a\nnodes: [\n', /line 3/, 3],
    ['a key twice', 'name: a\nname: b\n', /unique/, 2],
    ['an unquoted expression', 'name: a\nnodes:\n  - id: {{ x }}\n', /quotes around a value that begins with \{\{/, 3],
    ['a tab', 'name: a\nnodes:\n\t- id: a\n', /line 3/, 3],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefg'[i]}`).join(',')}]`)
        .join('\n')}\n`,
      /alias/i,
      undefined,
    ],
    ['infinity', 'name: .inf\n', /no JSON number/, undefined],
    ['nesting without end', '['.repeat(20_000), /./, undefined],
  ])('refuses YAML with %s, and says where', async (_, yaml, message, line) => {
    const { status, body } = await api.post<Problem>('/workflows', undefined, {
      raw: yaml,
      headers: { 'content-type': 'application/yaml' },
    });
    expect(status).toBe(400);
    expect(body.code).toBe('malformed_yaml');
    expect(body.errors[0]?.message).toMatch(message);
    if (line !== undefined) expect(body.errors[0]?.line).toBe(line);
  });

  it.each([[''], ['[]'], ['"text"'], ['null'], ['3']])('refuses a body that is %s', async (raw) => {
    const { status } = await api.post('/workflows', undefined, { raw, headers: { 'content-type': 'application/json' } });
    expect(status).toBe(422);
  });

  it('warns without refusing', async () => {
    const { status, body } = await api.post<Workflow>(
      '/workflows',
      definition('store/warned', { inputs: { type: 'object', properties: { unread: {} } } }),
    );
    expect(status).toBe(201);
    expect(body.warnings).toEqual([expect.objectContaining({ path: '/inputs/properties/unread', code: 'unused_input' })]);
  });

  it('takes 2,000 nodes in good time and refuses 20,000 with a clear word', async () => {
    const nodes = (count: number) =>
      Array.from({ length: count }, (_, i) => ({
        id: `n${i}`,
        type: 'transform.set',
        config: { values: { i: '{{ inputs.x }}' } },
        needs: i === 0 ? [] : [`n${i - 1}`],
      }));
    const stored = await api.post<Workflow>('/workflows', { name: 'store/large', nodes: nodes(2_000) });
    expect(stored.status).toBe(201);
    const refused = await api.post<Problem>('/workflows', { name: 'store/larger', nodes: nodes(20_000) });
    expect(refused.status).toBe(422);
    expect(refused.body.errors).toEqual([{ path: '/nodes', code: 'too_many_nodes', message: '20000 nodes; a workflow has at most 10000' }]);
  });
});

const YEARLY = { kind: 'cron', config: { expression: '0 3 1 1 *' } };

describe('reading workflows', () => {
  beforeAll(async () => {
    for (const [name, more] of [
      ['list/one', { description: 'Counts 100% of it', tags: ['red', 'big'] }],
      ['list/two', { description: 'Counts nothing', tags: ['red'] }],
      ['list/three', { triggers: [YEARLY] }],
    ] as const) {
      expect((await api.post('/workflows', definition(name, more))).status).toBe(201);
    }
  });

  it.each<[Record<string, string>, string[]]>([
    [{ namespace: 'list' }, ['list/three', 'list/two', 'list/one']],
    [{ namespace: 'list', tag: 'red' }, ['list/two', 'list/one']],
    [{ tag: 'big' }, ['list/one']],
    [{ q: 'LIST/T' }, ['list/three', 'list/two']],
    [{ q: '100%' }, ['list/one']],
    [{ q: '%' }, ['list/one']],
    [{ namespace: 'list', source: 'api' }, ['list/three', 'list/two', 'list/one']],
    [{ source: 'fs:x' }, []],
  ])('by %j', async (query, names) => {
    const { status, body } = await api.get<Page<Workflow>>('/workflows', { query });
    expect(status).toBe(200);
    expect(body.data.map(({ name }) => name)).toEqual(names);
    expect(body.next_cursor).toBeNull();
  });

  it('page by page, without gap or repetition', async () => {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await api.get<Page<Workflow>>('/workflows', { query: { namespace: 'list', limit: 2, cursor } });
      names.push(...body.data.map(({ name }) => name));
      cursor = body.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(names).toEqual(['list/three', 'list/two', 'list/one']);
    expect((await api.get<Problem>('/workflows', { query: { cursor: 'nonsense!' } })).body.code).toBe('bad_cursor');
    expect((await api.get<Problem>('/workflows', { query: { sort: 'name' } })).body.code).toBe('unknown_field');
  });

  it('shows counts in a list and the definition of one', async () => {
    const { body } = await api.get<Page<Record<string, unknown>>>('/workflows', { query: { q: 'list/three' } });
    expect(body.data[0]).toMatchObject({ nodes: 1, triggers: 1, version: 1, latest_version: 1, kind: 'graph' });
    expect(body.data[0]).not.toHaveProperty('definition');
    expect((await api.get<Workflow>(at('list/three'))).body.definition).toEqual(definition('list/three', { triggers: [YEARLY] }));
  });

  it('shows any version', async () => {
    await api.post('/workflows', definition('read/versions', { description: 'one' }));
    await api.post('/workflows', definition('read/versions', { description: 'two' }));
    const one = await api.get<Workflow>(at('read/versions'), { query: { version: 1 } });
    expect(one.body).toMatchObject({ version: 1, latest_version: 2, description: 'one' });
    expect((await api.get<Workflow>(`/workflows/${one.body.id.toUpperCase()}`)).body).toMatchObject({ version: 2, description: 'two' });
    expect((await api.get(at('read/versions'), { query: { version: 3 } })).status).toBe(404);
    expect((await api.get(at('read/versions'), { query: { version: 'x' } })).status).toBe(422);
    const { body } = await api.get<Page<{ version: number; latest: boolean }>>(`${at('read/versions')}/versions`, { query: { limit: 1 } });
    expect(body.data).toEqual([expect.objectContaining({ version: 2, latest: true, source: 'api', nodes: 1 })]);
    const rest = await api.get<Page<{ version: number }>>(`${at('read/versions')}/versions`, {
      query: { limit: 1, cursor: body.next_cursor ?? '' },
    });
    expect(rest.body).toMatchObject({ data: [{ version: 1 }], next_cursor: null });
  });

  it.each(['none/such', 'a%2Fb%2Fc', '..', '%00', '019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c'])('does not find %s', async (ref) => {
    for (const path of ['', '/versions', '/graph']) {
      const { status } = await api.get(`/workflows/${ref.includes('%') || ref === '..' ? ref : encodeURIComponent(ref)}${path}`);
      expect([404, 400, 422]).toContain(status);
    }
  });

  it('draws the graph in three ways', async () => {
    const chain = [
      { id: 'a', type: 'transform.set', config: { values: {} }, name: 'Say "hi"' },
      { id: 'b', type: 'transform.set', config: { values: {} }, needs: ['a'], when: '{{ nodes.a.status == "success" }}' },
    ];
    await api.post('/workflows', { name: 'read/graph', nodes: chain });
    const json = await api.get(`${at('read/graph')}/graph`);
    expect(json.body).toMatchObject({
      nodes: [
        { id: 'a', level: 0, name: 'Say "hi"' },
        { id: 'b', level: 1, conditional: true },
      ],
      edges: [{ from: 'a', to: 'b' }],
    });
    const mermaid = await api.get<string>(`${at('read/graph')}/graph`, { query: { format: 'mermaid' } });
    expect(mermaid.headers.get('content-type')).toMatch(/^text\/vnd\.mermaid/);
    expect(mermaid.body).toContain('n0["Say #34;hi#34;<br/>transform.set"]');
    const dot = await api.get<string>(`${at('read/graph')}/graph`, { query: { format: 'dot' } });
    expect(dot.headers.get('content-type')).toMatch(/^text\/vnd\.graphviz/);
    expect(dot.body).toContain('"a" -> "b";');
    expect((await api.get(`${at('read/graph')}/graph`, { query: { format: 'png' } })).status).toBe(422);
  });

  it('lists what nodes can do', async () => {
    const { body } =
      await api.get<Page<{ type: string; config_schema: object; input_schema: object; output_schema: object }>>('/node-types');
    expect(body.data.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['http.request', 'transform.set', 'workflow.run', 'code.javascript']),
    );
    for (const nodeType of body.data)
      expect(Object.keys(nodeType)).toEqual(['type', 'category', 'description', 'pure', 'config_schema', 'input_schema', 'output_schema']);
  });
});

describe('checking a definition', () => {
  it('answers with levels when it is valid', async () => {
    const nodes = [
      { id: 'a', type: 'transform.set', config: { values: {} } },
      { id: 'b', type: 'transform.set', config: { values: {} }, needs: ['a'] },
      { id: 'c', type: 'transform.set', config: { values: {} }, needs: ['a'] },
    ];
    const { status, body } = await api.post('/workflows/validate', { name: 'x/y', nodes });
    expect(status).toBe(200);
    expect(body).toEqual({ valid: true, errors: [], warnings: [], levels: [['a'], ['b', 'c']] });
    expect((await api.get(at('x/y'))).status).toBe(404);
  });

  it('answers with errors when it is not, YAML included', async () => {
    expect((await api.post('/workflows/validate', {})).body).toMatchObject({
      valid: false,
      errors: [
        { path: '/name', code: 'required' },
        { path: '/nodes', code: 'required' },
      ],
    });
    const { status, body } = await api.post('/workflows/validate', undefined, {
      raw: 'name: [',
      headers: { 'content-type': 'application/yaml' },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ valid: false, errors: [{ code: 'malformed_yaml', line: 1 }] });
  });

  it('checks a stored one, and inputs for it', async () => {
    await api.post(
      '/workflows',
      definition('check/inputs', {
        inputs: {
          type: 'object',
          required: ['n'],
          properties: { n: { type: 'integer', minimum: 1 }, o: { type: 'object', properties: { 'a/b': { type: 'string' } } } },
        },
      }),
    );
    expect((await api.post(`${at('check/inputs')}/validate`)).body).toMatchObject({ valid: true, levels: [['greet']] });
    expect((await api.post(`${at('check/inputs')}/validate`, { inputs: { n: 2 } })).body).toMatchObject({ valid: true });
    expect(
      (await api.post<{ errors: unknown }>(`${at('check/inputs')}/validate`, { inputs: { n: 0, o: { 'a/b': 1 } } })).body.errors,
    ).toEqual([
      { path: '/inputs/n', code: 'minimum', message: 'must be >= 1' },
      { path: '/inputs/o/a~1b', code: 'type', message: 'must be string' },
    ]);
    expect((await api.post<{ errors: unknown }>(`${at('check/inputs')}/validate`, { inputs: {} })).body.errors).toEqual([
      { path: '/inputs/n', code: 'required', message: 'n is required' },
    ]);
    expect((await api.post(`${at('none/such')}/validate`)).status).toBe(404);
  });
});

describe('deleting a workflow', () => {
  it('frees its name, and a new one under it starts again', async () => {
    const { body: old } = await api.post<Workflow>('/workflows', definition('delete/me'));
    expect((await api.delete(at('delete/me'))).status).toBe(204);
    expect((await api.get(at('delete/me'))).status).toBe(404);
    expect((await api.get(`/workflows/${old.id}`)).status).toBe(404);
    expect((await api.delete(at('delete/me'))).status).toBe(404);
    const { status, body } = await api.post<Workflow>('/workflows', definition('delete/me'));
    expect(status).toBe(201);
    expect(body.version).toBe(1);
    expect(body.id).not.toBe(old.id);
    expect((await api.delete(`/workflows/${body.id}`)).status).toBe(204);
  });
});

describe('who may do what', () => {
  it('goes by role', async () => {
    const viewer = (await server.createKey({ role: 'viewer' })).api;
    const operator = (await server.createKey({ role: 'operator' })).api;
    expect((await viewer.post('/workflows', definition('roles/a'))).status).toBe(403);
    expect((await operator.post('/workflows', definition('roles/a'))).status).toBe(201);
    expect((await viewer.get(at('roles/a'))).status).toBe(200);
    expect((await viewer.post('/workflows/validate', definition('roles/a'))).status).toBe(200);
    expect((await operator.delete(at('roles/a'))).status).toBe(403);
    expect((await api.withKey(undefined).get('/workflows')).status).toBe(401);
  });

  it('stays within the tenant', async () => {
    const other = (await server.createKey({ role: 'admin', tenant: 'other' })).api;
    const { body: mine } = await api.post<Workflow>('/workflows', definition('tenants/a'));
    for (const ref of [mine.id, encodeURIComponent('tenants/a')]) {
      expect((await other.get(`/workflows/${ref}`)).status).toBe(404);
      expect((await other.delete(`/workflows/${ref}`)).status).toBe(404);
      expect((await other.get(`/workflows/${ref}/graph`)).status).toBe(404);
      expect((await other.get(`/workflows/${ref}/versions`)).status).toBe(404);
      expect((await other.post(`/workflows/${ref}/validate`)).status).toBe(404);
    }
    expect((await other.get<Page<Workflow>>('/workflows')).body.data).toEqual([]);
    const { body: theirs } = await other.post<Workflow>('/workflows', definition('tenants/a'));
    expect(theirs).toMatchObject({ version: 1 });
    expect(theirs.id).not.toBe(mine.id);
  });
});
