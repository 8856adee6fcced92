import { describe, expect, it } from 'vitest';
import { completed, type OnError, type SentWorkflow } from './definition.js';
import { toNative, workflowIn } from './to-native.js';

const ID = '550e8400-e29b-41d4-a716-446655440000';

function native(sent: Partial<SentWorkflow>) {
  return toNative(completed({ id: ID, name: 'My Workflow', nodes: [{ id: 'a', node_type: 'debug.log' }], ...sent }));
}

const link = (from_node: string, from_port: string, to_node: string, to_port: string) => ({ from_node, from_port, to_node, to_port });
const log = (id: string) => ({ id, node_type: 'debug.log' });

describe('a workflow', () => {
  it('becomes a graph that is found again by its id, and keeps what it was', () => {
    const graph = native({ description: 'Example workflow' });
    expect(graph).toMatchObject({ name: `flowengine/${ID}`, description: 'Example workflow' });
    expect(workflowIn(graph)).toEqual({
      id: ID,
      name: 'My Workflow',
      description: 'Example workflow',
      nodes: [{ id: 'a', node_type: 'debug.log', name: null, config: {}, position: null, retry_policy: null }],
      connections: [],
      triggers: [],
      settings: { max_execution_time_ms: null, max_parallel_nodes: 10, on_error: 'StopWorkflow' },
    });
    expect(workflowIn({})).toBeNull();
  });

  it('gets ids where it has none', () => {
    expect(completed({ name: 'x', nodes: [{ node_type: 'debug.log' }] }, 'new')).toMatchObject({ id: 'new', nodes: [{ id: 'node-1' }] });
    expect(completed({ name: 'x', nodes: [] }).id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each<[OnError, object]>([
    ['StopWorkflow', { on_error: 'stop' }],
    ['ContinueOnError', { on_error: 'continue' }],
    ['RetryWorkflow', { on_error: 'retry_run' }],
    [{ RetryWorkflow: { max_attempts: 4 } }, { on_error: 'retry_run', retry: { max_attempts: 4 } }],
    [{ RetryWorkflow: { max_attempts: 0 } }, { on_error: 'retry_run', retry: { max_attempts: 1 } }],
  ])('whose on_error is %j has %j', (on_error, settings) => {
    expect(native({ settings: { on_error } }).settings).toEqual({ max_parallel_nodes: 10, ...settings });
  });

  it.each([
    [
      { max_parallel_nodes: 3, max_execution_time_ms: 60_000 },
      { max_parallel_nodes: 3, timeout_ms: 60_000 },
    ],
    [
      { max_parallel_nodes: 100_000, max_execution_time_ms: 0 },
      { max_parallel_nodes: 1_000, timeout_ms: 1 },
    ],
    [{ max_parallel_nodes: 0 }, {}],
  ])('with the settings %j has %j', (settings, expected) => {
    expect(native({ settings }).settings).toEqual({ on_error: 'stop', ...expected });
  });

  it.each<[Partial<SentWorkflow>, string]>([
    [{ id: '' }, 'Workflow error: a workflow id has 1 to 64 bytes: '],
    [{ nodes: [{ id: '', node_type: 'debug.log' }] }, 'Workflow error: a node id has 1 to 64 characters: '],
    [{ nodes: [log('a'), log('a')] }, 'Workflow error: Duplicate node id: a'],
    [{ nodes: [{ node_type: 'no.such' }] }, 'Workflow error: Unknown node type: no.such'],
    [{ connections: [link('a', 'x', 'b', 'y')] }, 'Workflow error: Node not found: b'],
    [{ connections: [link('c', 'x', 'a', 'y')] }, 'Workflow error: Node not found: c'],
  ])('%j is refused', (sent, message) => {
    expect(() => native(sent)).toThrow(message);
  });
});

describe('a node', () => {
  it('without connections gets all inputs', () => {
    expect(native({}).nodes).toEqual([{ id: 'a', type: 'flowengine.debug.log', config: {}, inputs: { ports: '{{ inputs }}' } }]);
  });

  it('with connections gets what is connected, of several into one port the last', () => {
    const connections = [link('a', 'message', 'c', 'message'), link('b 1', 'x"y', 'c', 'message'), link('a', 'message', 'c', 'other')];
    const [, , c] = native({ nodes: [log('a'), log('b 1'), log('c')], connections }).nodes;
    expect(c).toEqual({
      id: 'c',
      type: 'flowengine.debug.log',
      needs: ['a', 'b_201'],
      config: {},
      inputs: {
        ports: {
          message: '{{ nodes["b_201"].output[?"x\\"y"].or(nodes["a"].output[?"message"]) }}',
          other: '{{ nodes["a"].output[?"message"] }}',
        },
      },
    });
  });

  it('waits for all before it, however they end, when errors are tolerated', () => {
    const sent = { nodes: [log('a'), log('b')], connections: [link('a', 'x', 'b', 'y')] };
    expect(native({ ...sent, settings: { on_error: 'ContinueOnError' } }).nodes[1]).toMatchObject({ needs: ['a'], join: 'all_done' });
    expect(native(sent).nodes[1]).not.toHaveProperty('join');
  });

  it('has its config in plain values, in which nothing is an expression', () => {
    const config = {
      method: { type: 'String', value: 'GET' },
      headers: { type: 'Object', value: { a: { type: 'String', value: '{{ secrets.X }}' } } },
      raw: ['{{'],
    };
    expect(native({ nodes: [{ id: 'a', node_type: 'http.request', name: 'Fetch', config }] }).nodes).toMatchObject([
      { name: 'Fetch', config: { method: 'GET', headers: { a: '\\{{ secrets.X }}' }, raw: ['\\{{'] } },
    ]);
  });

  it('reads variables of the server as expressions do, as far as the operator lets it', () => {
    const graph = native({
      nodes: [{ id: 'a', node_type: 'shell.exec', config: { command: 'env', env_passthrough: ['REGION', 'no name', 5] } }],
    });
    expect(graph).toMatchObject({
      env: ['REGION'],
      nodes: [{ config: { command: 'env', env_passthrough: { REGION: '{{ env.?REGION }}' } } }],
    });
  });

  it.each([
    [
      { max_attempts: 4, delay_ms: 50, backoff_multiplier: 3, max_delay_ms: 400, retry_on_timeout: true },
      { max_attempts: 4, initial_delay_ms: 50, multiplier: 3, max_delay_ms: 400 },
    ],
    [{}, { max_attempts: 3, initial_delay_ms: 1_000, multiplier: 2, max_delay_ms: 86_400_000 }],
    [
      { max_attempts: 0, backoff_multiplier: 0.5, retry_on_timeout: false },
      { max_attempts: 1, initial_delay_ms: 1_000, multiplier: 1, max_delay_ms: 86_400_000, give_up_on: ['timeout'] },
    ],
  ])('with the policy %j is tried again by %j', (retry_policy, retry) => {
    expect(native({ nodes: [{ id: 'a', node_type: 'debug.log', retry_policy }] }).nodes).toMatchObject([
      { retry: { backoff: 'exponential', ...retry } },
    ]);
  });
});
