import { describe, expect, it } from 'vitest';
import type { GraphDefinition, WorkflowDefinition } from '../../engine/index.js';
import type { WorkflowDetailDto } from '../../modules/workflows/index.js';
import { completed } from './definition.js';
import { workflowItem, workflowView } from './from-native.js';
import { toNative } from './to-native.js';

function stored(definition: WorkflowDefinition): WorkflowDetailDto {
  const nodes = definition.kind === 'states' ? Object.keys(definition.states).length : definition.nodes.length;
  return { id: 'our-id', name: definition.name, description: definition.description ?? null, nodes, definition } as WorkflowDetailDto;
}

describe('a workflow that came through this API', () => {
  const sent = completed({
    id: 'mine',
    name: 'Mine',
    nodes: [
      { id: 'a', node_type: 'debug.log' },
      { id: 'b', node_type: 'debug.log' },
    ],
    connections: [{ from_node: 'a', from_port: 'x', to_node: 'b', to_port: 'y' }],
  });
  const workflow = stored(toNative(sent));

  it('is as it was sent', () => {
    expect(workflowView(workflow)).toEqual(sent);
    expect(workflowItem(workflow, workflow.definition)).toEqual({ id: 'mine', name: 'Mine', description: null, nodes: 2, connections: 1 });
  });

  it('is told by its graph once its name is another', () => {
    expect(workflowView({ ...workflow, name: 'demo/copy' })).toMatchObject({ id: 'our-id', nodes: [{ node_type: 'debug.log' }, {}] });
  });
});

describe('a workflow that came another way', () => {
  const graph: GraphDefinition = {
    name: 'demo/orders',
    description: 'Orders',
    nodes: [
      {
        id: 'fetch',
        type: 'http.request',
        name: 'Fetch',
        config: { url: '{{ inputs.url }}' },
        retry: { max_attempts: 2, give_up_on: ['timeout'] },
      },
      {
        id: 'log',
        type: 'debug.log',
        needs: ['fetch'],
        retry: { max_attempts: 5, backoff: 'constant', initial_delay_ms: 9, max_delay_ms: 9 },
      },
    ],
    triggers: [
      { kind: 'cron', name: 'nightly', config: { expression: '0 3 * * *' }, enabled: false },
      { kind: 'webhook' },
      { kind: 'event', config: { types: ['run.failed'] } },
    ],
    settings: { on_error: 'retry_run', timeout_ms: 5, max_parallel_nodes: 2 },
  };

  it('is told in the same words', () => {
    expect(workflowView(stored(graph))).toEqual({
      id: 'our-id',
      name: 'demo/orders',
      description: 'Orders',
      nodes: [
        {
          id: 'fetch',
          node_type: 'http.request',
          name: 'Fetch',
          config: { url: { type: 'String', value: '{{ inputs.url }}' } },
          position: null,
          retry_policy: { max_attempts: 2, delay_ms: 1_000, backoff_multiplier: 2, max_delay_ms: null, retry_on_timeout: false },
        },
        {
          id: 'log',
          node_type: 'debug.log',
          name: null,
          config: {},
          position: null,
          retry_policy: { max_attempts: 5, delay_ms: 9, backoff_multiplier: 1, max_delay_ms: 9, retry_on_timeout: true },
        },
      ],
      connections: [{ from_node: 'fetch', from_port: 'output', to_node: 'log', to_port: 'input' }],
      triggers: [
        { id: 'nightly', trigger_type: { type: 'Cron', expression: '0 3 * * *' }, enabled: false },
        { id: 'trigger-2', trigger_type: { type: 'Webhook', path: '' }, enabled: true },
        { id: 'trigger-3', trigger_type: { type: 'Event', event_type: 'run.failed' }, enabled: true },
      ],
      settings: { max_execution_time_ms: 5, max_parallel_nodes: 2, on_error: 'RetryWorkflow' },
    });
    expect(workflowItem(stored(graph), graph)).toMatchObject({ id: 'our-id', nodes: 2, connections: 1 });
  });

  it.each([
    [{ on_error: 'continue' as const }, 'ContinueOnError'],
    [{ on_error: 'stop' as const }, 'StopWorkflow'],
    [{ on_error: 'retry_run' as const, retry: { max_attempts: 7 } }, { RetryWorkflow: { max_attempts: 7 } }],
  ])('with %j has the on_error %j', (settings, on_error) => {
    expect(workflowView(stored({ ...graph, settings })).settings).toEqual({
      max_execution_time_ms: null,
      max_parallel_nodes: 10,
      on_error,
    });
  });

  it('may be a state machine', () => {
    const states: WorkflowDefinition = {
      name: 'demo/machine',
      kind: 'states',
      initial: 'a',
      states: { a: { type: 'command', command: 'true', on_success: 'done', on_failure: 'done' }, done: { type: 'terminal' } },
    };
    expect(workflowView(stored(states))).toMatchObject({
      nodes: [{ id: 'a' }, { id: 'done' }],
      connections: [{ from_node: 'a', to_node: 'done' }, {}],
      settings: { on_error: 'StopWorkflow' },
    });
  });
});
