import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../model/json.js';
import type { NodeType, NodeTypes } from '../ports/node-type.js';
import { validateDefinition } from './validate.js';

const any: JsonObject = {};
const type = (name: string, configSchema: JsonObject = any, outputSchema: JsonObject = any): NodeType => ({
  type: name,
  category: 'test',
  description: '',
  pure: true,
  configSchema,
  inputSchema: any,
  outputSchema,
  execute: () => Promise.resolve(null),
});
const list: readonly NodeType[] = [
  type('noop'),
  type(
    'http.request',
    {
      type: 'object',
      additionalProperties: false,
      required: ['url'],
      properties: {
        url: { type: 'string', format: 'uri' },
        method: { enum: ['GET', 'POST'] },
        timeout: { type: 'integer', minimum: 1 },
        body: {
          oneOf: [
            { type: 'object', required: ['json'], properties: { json: { type: 'number' } } },
            { type: 'object', required: ['text'], properties: { text: { type: 'string' } } },
          ],
        },
      },
    },
    { type: 'object', additionalProperties: false, properties: { status: { type: 'integer' }, headers: { type: 'object' }, body: {} } },
  ),
];
const nodeTypes: NodeTypes = {
  get: (name) => list.find((candidate) => candidate.type === name),
  list: () => list,
  validateResolved: () => [],
};

const node = (id: string, more: JsonObject = {}): JsonObject => ({ id, type: 'noop', ...more });
const validate = (more: JsonObject) => validateDefinition({ name: 'a/b', nodes: [node('a')], ...more }, nodeTypes);
const faults = (more: JsonObject) => validate(more).errors.map(({ path, code }) => `${path} ${code}`);
const warnings = (more: JsonObject) => validate(more).warnings.map(({ path, code }) => `${path} ${code}`);

describe('a definition', () => {
  it('that uses everything is valid', () => {
    const result = validate({
      description: 'x',
      kind: 'graph',
      tags: ['x'],
      inputs: {
        type: 'object',
        required: ['url'],
        properties: { url: { type: 'string', format: 'uri' }, factor: { type: 'number', default: 2 }, tenant: { type: 'string' } },
      },
      nodes: [
        {
          id: 'fetch',
          type: 'http.request',
          name: 'Fetch',
          description: 'x',
          config: { method: 'GET', url: '{{ inputs.url }}' },
          retry: {
            max_attempts: 3,
            backoff: 'exponential',
            initial_delay_ms: 200,
            max_delay_ms: 5000,
            multiplier: 2,
            jitter: true,
            retry_on: ['timeout'],
            give_up_on: ['too_large'],
          },
          timeout_ms: 10000,
        },
        node('price', {
          needs: ['fetch'],
          when: '{{ nodes.fetch.output.status == 200 }}',
          for_each: { items: '{{ nodes.fetch.output.body.orders }}', max_parallel: 4 },
          config: {
            id: '{{ item.id }}',
            price: '{{ item.amount * inputs.factor }}',
            nth: '{{ index }}',
            key: '{{ secrets.KEY }}',
            env: '{{ env.REGION }}',
          },
          on_error: { output: { failed: '{{ item.id }}' } },
        }),
        node('a-b', {
          needs: ['price'],
          join: 'all_done',
          config: { n: '{{ size(nodes.price.output) }} {{ nodes.fetch.status }}' },
          on_error: 'continue',
        }),
        node('last', { needs: ['a-b'], config: { n: '{{ nodes["a-b"].output }} {{ nodes.fetch.output.status + 1 }}' } }),
      ],
      outputs: { orders: '{{ nodes.price.output }}', all: '{{ keys(nodes) }}', run: '{{ run.id + run.created_at }}' },
      triggers: [{ type: 'cron' }],
      env: ['REGION'],
      metadata: { from: 'elsewhere', text: '{{ nothing here is read' },
      settings: {
        max_parallel_nodes: 10,
        on_error: 'retry_run',
        retry: { max_attempts: 2 },
        timeout_ms: 60000,
        priority: 5,
        concurrency: { key: '{{ inputs.tenant }}-x', limit: 2, on_conflict: 'queue' },
      },
    });
    expect(result).toEqual({ valid: true, errors: [], warnings: [], levels: [['fetch'], ['price'], ['a-b'], ['last']] });
  });

  it.each<[string, Json, string[]]>([
    ['no object', [], [' type']],
    ['null', null, [' type']],
    ['empty', {}, ['/name required', '/nodes required']],
    ['no nodes', { name: 'a', nodes: [] }, ['/nodes min_items']],
  ])('that is %s is refused', (_, definition, expected) => {
    expect(validateDefinition(definition, nodeTypes).errors.map(({ path, code }) => `${path} ${code}`)).toEqual(expected);
  });

  it.each<[string, JsonObject, string[]]>([
    ['a bad name', { name: 'a//c' }, ['/name pattern']],
    ['a name of too many levels', { name: 'a/b/c/d/e/f' }, ['/name pattern']],
    ['a name with a slash in front', { name: '/x' }, ['/name pattern']],
    ['an unknown field', { outptus: 1 }, ['/outptus unknown_field']],
    ['an unknown node field', { nodes: [node('a', { retries: 1 })] }, ['/nodes/0/retries unknown_field']],
    ['a node without type', { nodes: [{ id: 'a' }] }, ['/nodes/0/type required']],
    ['nodes that are no objects', { nodes: ['a', 1, null] }, ['/nodes/0 type', '/nodes/1 type', '/nodes/2 type']],
    [
      'a bad id',
      { nodes: [node('1a'), node('a b'), node('x'.repeat(65))] },
      ['/nodes/0/id pattern', '/nodes/1/id pattern', '/nodes/2/id pattern'],
    ],
    ['an id twice', { nodes: [node('a'), node('b'), node('a')] }, ['/nodes/2/id duplicate_id']],
    ['needs nobody has', { nodes: [node('alpha'), node('b', { needs: ['alpah'] })] }, ['/nodes/1/needs/0 dangling_reference']],
    ['an unknown type', { nodes: [{ id: 'a', type: 'http.requst' }] }, ['/nodes/0/type unknown_node_type']],
    [
      'retry out of range',
      {
        nodes: [
          node('a', { retry: { max_attempts: 0 } }),
          node('b', { retry: { max_attempts: 101, initial_delay_ms: -1, multiplier: 0, backoff: 'cubic', jitter: 1 } }),
          node('c', { retry: {} }),
        ],
      },
      [
        '/nodes/0/retry/max_attempts minimum',
        '/nodes/1/retry/max_attempts maximum',
        '/nodes/1/retry/backoff enum',
        '/nodes/1/retry/initial_delay_ms minimum',
        '/nodes/1/retry/multiplier minimum',
        '/nodes/1/retry/jitter type',
        '/nodes/2/retry/max_attempts required',
      ],
    ],
    [
      'a timeout out of range',
      { nodes: [node('a', { timeout_ms: 0 }), node('b', { timeout_ms: 1.5 })] },
      ['/nodes/0/timeout_ms minimum', '/nodes/1/timeout_ms type'],
    ],
    ['an unknown join', { nodes: [node('a', { join: 'most' })] }, ['/nodes/0/join enum']],
    [
      'a bad on_error',
      { nodes: [node('a', { on_error: 'ignore' }), node('b', { on_error: {} }), node('c', { on_error: 5 })] },
      ['/nodes/0/on_error enum', '/nodes/1/on_error/output required', '/nodes/2/on_error type'],
    ],
    [
      'a bad for_each',
      {
        nodes: [
          node('a', { for_each: {} }),
          node('b', { for_each: { items: 5 } }),
          node('c', { for_each: { items: [], max_parallel: 0 } }),
        ],
      },
      [
        '/nodes/0/for_each/items required',
        '/nodes/1/for_each/items type',
        '/nodes/2/for_each/max_parallel minimum',
        '/nodes/1/for_each/items not_a_list',
      ],
    ],
    [
      'settings out of range',
      { settings: { max_parallel_nodes: 0, on_error: 'x', priority: 101, timeout_ms: -1, concurrency: { limit: 0 } } },
      [
        '/settings/max_parallel_nodes minimum',
        '/settings/on_error enum',
        '/settings/timeout_ms minimum',
        '/settings/priority maximum',
        '/settings/concurrency/key required',
        '/settings/concurrency/limit minimum',
      ],
    ],
    [
      'inputs that are no schema',
      { inputs: { type: 'objekt', properties: { a: { minimum: 'x' } } } },
      ['/inputs/properties/a/minimum type', '/inputs/type any_of', '/inputs/type enum', '/inputs/type type'],
    ],
    ['inputs with a dangling $ref', { inputs: { properties: { a: { $ref: '#/$defs/none' } } } }, ['/inputs bad_schema']],
    ['inputs with a foreign $ref', { inputs: { properties: { a: { $ref: 'https://example.com/x.json' } } } }, ['/inputs bad_schema']],
    [
      'inputs with a pattern that could hang',
      { inputs: { properties: { a: { type: 'string', pattern: '(?=x)' } } } },
      ['/inputs bad_schema'],
    ],
  ])('with %s is refused', (_, more, expected) => {
    expect(faults(more).toSorted()).toEqual(expected.toSorted());
  });

  it('is told the nearest name', () => {
    const messages = validate({
      outptus: 1,
      nodes: [{ id: 'alpha', type: 'http.requst', confg: {} }, node('b', { needs: ['alhpa'] }), { id: 'c', type: 'zzzzzz' }],
    }).errors.map((fault) => fault.message);
    expect(messages).toEqual([
      'unknown field outptus, did you mean outputs?',
      'unknown field confg, did you mean config?',
      'there is no node alhpa, did you mean alpha?',
      'there is no node type http.requst, did you mean http.request?',
      'there is no node type zzzzzz',
    ]);
  });
});

describe('cycles', () => {
  it.each<[string, JsonObject[], string[]]>([
    ['itself', [node('a', { needs: ['a'] })], ['a -> a']],
    ['two', [node('a', { needs: ['b'] }), node('b', { needs: ['a'] })], ['a -> b -> a']],
    [
      'three, in the order of the data',
      [node('a', { needs: ['c'] }), node('b', { needs: ['a'] }), node('c', { needs: ['b'] })],
      ['a -> b -> c -> a'],
    ],
    [
      'two apart, and a node behind one',
      [
        node('a', { needs: ['b'] }),
        node('b', { needs: ['a'] }),
        node('c', { needs: ['d'] }),
        node('d', { needs: ['c'] }),
        node('e', { needs: ['a'] }),
      ],
      ['a -> b -> a', 'c -> d -> c'],
    ],
  ])('%s', (_, nodes, expected) => {
    const result = validate({ nodes });
    expect(result.errors.map((fault) => fault.message)).toEqual(expected.map((path) => `the graph has a cycle: ${path}`));
    expect(result.errors[0]).toMatchObject({ code: 'cycle', path: '/nodes/0/needs' });
  });

  it('leave the rest its levels', () => {
    expect(validate({ nodes: [node('a'), node('b', { needs: ['a', 'c'] }), node('c', { needs: ['b'] })] }).levels).toEqual([['a']]);
  });
});

describe('expressions', () => {
  const graph = (config: Json, more: JsonObject = {}, rest: JsonObject = {}) => ({
    inputs: { type: 'object', properties: { n: { type: 'number' }, s: { type: 'string' } } },
    nodes: [
      { id: 'fetch', type: 'http.request', config: { url: 'http://x' } },
      node('mid', { needs: ['fetch'] }),
      node('side'),
      node('here', { needs: ['mid'], config: { value: config }, ...more }),
    ],
    ...rest,
  });

  it.each<[string, Json, string]>([
    ['a syntax error', '{{ inputs.n + }}', 'syntax'],
    ['a type error from the inputs schema', '{{ inputs.s * 2 }}', 'type'],
    ['a type error from an output schema', '{{ nodes.fetch.output.status + "x" }}', 'type'],
    ['a type error of the status', '{{ nodes.fetch.status + 1 }}', 'type'],
    ['a node that does not exist', '{{ nodes.ghost.output }}', 'dangling_reference'],
    ['a node beside', '{{ nodes.side.output }}', 'not_upstream'],
    ['itself', '{{ nodes.here.output }}', 'not_upstream'],
    ['a field no node has', '{{ nodes.fetch.outputs }}', 'unknown_field'],
    ['nodes by a computed name', '{{ nodes[inputs.s] }}', 'dynamic_node_reference'],
    ['secrets by a computed name', '{{ secrets[inputs.s] }}', 'dynamic_secret_reference'],
    ['a field no run has', '{{ run.name }}', 'unknown_field'],
    ['an undeclared variable', '{{ env.HOME }}', 'undeclared_env'],
    ['item outside for_each', '{{ item }}', 'unknown_variable'],
  ])('%s', (_, config, code) => {
    const result = validate(graph(config));
    expect(result.errors).toHaveLength(1);
    expect(result.errors[0]).toMatchObject({ path: '/nodes/3/config/value', code, line: 1, offset: 3 + (code === 'syntax' ? 11 : 0) });
  });

  it('may read any node that is upstream, and inputs of any JSON', () => {
    expect(faults(graph('{{ nodes.fetch.output.body.x[0] + nodes.mid.error.message + string(inputs.n + 1) }}'))).toEqual([]);
  });

  it('keeps secrets out of what is recorded', () => {
    expect(faults(graph('{{ secrets.A }}', { inputs: { x: '{{ secrets.A }}' }, when: '{{ secrets.A == "x" }}' }))).toEqual([]);
    expect(
      faults(
        graph('x', { on_error: { output: '{{ secrets.A }}' }, for_each: { items: '{{ [secrets.A] }}' } }, { outputs: '{{ secrets.A }}' }),
      ),
    ).toEqual(['/nodes/3/for_each/items secret_not_allowed', '/nodes/3/on_error/output secret_not_allowed', '/outputs secret_not_allowed']);
  });

  it('lets only inputs decide about concurrency', () => {
    expect(faults({ settings: { concurrency: { key: '{{ inputs.x }}' } } })).toEqual([]);
    expect(faults({ settings: { concurrency: { key: '{{ run.id }}' } } })).toEqual(['/settings/concurrency/key unknown_variable']);
  });

  it('checks when and items by what they give', () => {
    expect(faults(graph('x', { when: '{{ 1 }}', for_each: { items: '{{ inputs.s }}' } }))).toEqual([
      '/nodes/3/when not_a_condition',
      '/nodes/3/for_each/items not_a_list',
    ]);
    expect(faults(graph('x', { when: 'inputs.n > 1' }))).toEqual(['/nodes/3/when not_a_condition']);
    expect(faults(graph('x', { when: '{{ item == 1 }}', for_each: { items: [1] } }))).toEqual(['/nodes/3/when unknown_variable']);
  });

  it('warns of what is probably a mistake', () => {
    expect(warnings(graph('{{ inputs.nn }} {{ nodes.fetch.output.stauts }}', { when: false }))).toEqual([
      '/nodes/3/config/value unknown_input',
      '/nodes/3/config/value unknown_output',
      '/nodes/3/when never_runs',
      '/inputs/properties/n unused_input',
      '/inputs/properties/s unused_input',
    ]);
    expect(
      faults({
        inputs: { type: 'object', properties: { n: {} }, additionalProperties: false },
        nodes: [node('a', { config: { x: '{{ inputs.m }}' } })],
      }),
    ).toEqual(['/nodes/0/config/x unknown_input']);
    expect(
      warnings({
        inputs: { properties: { n: {} } },
        nodes: [node('a', { config: { x: '{{ inputs.?m }} {{ inputs[inputs.n] }} {{ keys(inputs) }}' } })],
      }),
    ).toEqual([]);
    expect(warnings({ nodes: [node('a', { join: 'any_success' }), node('b', { needs: ['a', 'a'] })] })).toEqual([
      '/nodes/1/needs/1 duplicate_need',
      '/nodes/0/join join_without_needs',
    ]);
  });
});

describe('a config', () => {
  const config = (value: JsonObject) => faults({ nodes: [{ id: 'a', type: 'http.request', config: value }] });

  it.each<[string, JsonObject, string[]]>([
    ['that fits', { url: 'http://x', method: 'GET', body: { text: 'x' } }, []],
    ['missing', {}, ['/nodes/0/config/url required']],
    [
      'with wrong values',
      { url: 'no url', method: 'PUSH', timeout: 'x' },
      ['/nodes/0/config/url format', '/nodes/0/config/method enum', '/nodes/0/config/timeout type'],
    ],
    ['with an unknown field', { url: 'http://x', methd: 'GET' }, ['/nodes/0/config/methd unknown_field']],
    [
      'with templates in place of anything',
      { url: '{{ run.id }}', method: '{{ run.id }}', timeout: '{{ 5 }}', body: '{{ {"json": 1} }}' },
      [],
    ],
    ['with a template deep in alternatives', { url: 'http://x', body: { json: '{{ 5 }}' } }, []],
    [
      'with a template beside a fault',
      { url: '{{ run.id }}', timeout: 0, extra: '{{ 1 }}' },
      ['/nodes/0/config/timeout minimum', '/nodes/0/config/extra unknown_field'],
    ],
  ])('%s', (_, value, expected) => {
    expect(config(value).toSorted()).toEqual(expected.toSorted());
  });
});

describe('size', () => {
  const chain = (length: number) =>
    Array.from({ length }, (_, i) =>
      node(`n${i}`, { needs: i === 0 ? [] : [`n${i - 1}`], config: { value: `{{ nodes.n${Math.max(0, i - 1)}.output }} of ${i}` } }),
    );

  it('of 2,000 nodes takes no time to speak of', () => {
    const definition = { name: 'big', nodes: chain(2_000).map((entry, i) => (i === 0 ? node('n0') : entry)) };
    const before = process.threadCpuUsage();
    const result = validateDefinition(definition, nodeTypes);
    const { user, system } = process.threadCpuUsage(before);
    expect(result.errors).toEqual([]);
    expect(result.levels).toHaveLength(2_000);
    // About 100 ms on an idle machine.
    expect((user + system) / 1000).toBeLessThan(2_000);
  });

  it('of 10,000 nodes is the limit, and beyond it nothing else is looked at', () => {
    const result = validateDefinition({ name: 'big', nodes: chain(10_001) }, nodeTypes);
    expect(result.errors).toEqual([{ path: '/nodes', code: 'too_many_nodes', message: '10001 nodes; a workflow has at most 10000' }]);
    expect(validateDefinition({ name: 'big', nodes: Array.from({ length: 10_000 }, (_, i) => node(`n${i}`)) }, nodeTypes).valid).toBe(true);
  });

  it('of a cycle through 10,000 nodes overflows nothing', () => {
    const nodes = chain(10_000).map((entry, i) => ({ ...entry, config: {}, needs: [`n${(i + 9_999) % 10_000}`] }));
    expect(validateDefinition({ name: 'big', nodes }, nodeTypes).errors.map((fault) => fault.code)).toEqual(['cycle']);
  });

  it('of the answer is bounded', () => {
    expect(validateDefinition({ name: 'big', nodes: Array.from({ length: 5_000 }, () => ({})) }, nodeTypes).errors).toHaveLength(1_000);
  });
});
