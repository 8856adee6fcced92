import { LIMITS } from '../../engine/graph/index.js';
import type { GraphDefinition, Json, JsonObject, NodeDefinition, RetryPolicy, WorkflowSettings } from '../../engine/index.js';
import { badWorkflow } from './problems.js';
import type { FlowEngineConnection, FlowEngineNode, FlowEngineRetryPolicy, FlowEngineSettings, FlowEngineWorkflow } from './definition.js';
import { nameOfId, nativeNodeId } from './ids.js';
import { isNodeType, nativeType } from './node-types.js';
import { plainMembers } from './values.js';

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** The key of a definition's metadata that holds the workflow as FlowEngine knows it. */
const METADATA_KEY = 'flowengine';

/** The graph that does what the workflow says. Throws a 400 that says what is wrong with it in FlowEngine's words. */
export function toNative(workflow: FlowEngineWorkflow): GraphDefinition {
  const name = nameOfId(workflow.id);
  if (name === null) throw badWorkflow(`a workflow id has 1 to 64 bytes: ${workflow.id.slice(0, 100)}`);
  const ids = nodeIds(workflow.nodes);
  const wiring = wiringOf(workflow.connections, ids);
  const tolerant = workflow.settings.on_error === 'ContinueOnError';
  const env = [...new Set(workflow.nodes.flatMap(passedVariables))];
  return {
    name,
    ...(workflow.description === null ? {} : { description: workflow.description }),
    nodes: workflow.nodes.map((node) => nativeNode(node, ids.get(node.id) ?? '', wiring.get(node.id) ?? [], tolerant)),
    settings: nativeSettings(workflow.settings),
    ...(env.length === 0 ? {} : { env }),
    metadata: { [METADATA_KEY]: workflow as unknown as JsonObject },
  };
}

/** The workflow that a definition was made of; null when it was made elsewhere. */
export function workflowIn({ metadata }: Pick<GraphDefinition, 'metadata'>): FlowEngineWorkflow | null {
  const kept = metadata?.[METADATA_KEY];
  return kept === undefined ? null : (kept as unknown as FlowEngineWorkflow);
}

function nodeIds(nodes: readonly FlowEngineNode[]): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  for (const { id } of nodes) {
    const native = nativeNodeId(id);
    if (native === null) throw badWorkflow(`a node id has 1 to 64 characters: ${id.slice(0, 100)}`);
    if (ids.has(id)) throw badWorkflow(`Duplicate node id: ${id}`);
    ids.set(id, native);
  }
  return ids;
}

/** A connection into a node, from our id of the other. */
interface Wire {
  readonly from: string;
  readonly fromPort: string;
  readonly port: string;
}

/** The connections into each node, in their order. */
function wiringOf(connections: readonly FlowEngineConnection[], ids: ReadonlyMap<string, string>): ReadonlyMap<string, readonly Wire[]> {
  const wires = connections.map(({ from_node, from_port, to_node, to_port }) => {
    const from = ids.get(from_node);
    if (from === undefined) throw badWorkflow(`Node not found: ${from_node}`);
    if (!ids.has(to_node)) throw badWorkflow(`Node not found: ${to_node}`);
    return { to: to_node, from, fromPort: from_port, port: to_port };
  });
  return Map.groupBy(wires, ({ to }) => to);
}

function nativeNode(node: FlowEngineNode, id: string, wires: readonly Wire[], tolerant: boolean): NodeDefinition {
  if (!isNodeType(node.node_type)) throw badWorkflow(`Unknown node type: ${node.node_type}`);
  const passed = passedVariables(node);
  return {
    id,
    type: nativeType(node.node_type),
    ...(node.name === null ? {} : { name: node.name }),
    ...(wires.length === 0
      ? {}
      : { needs: [...new Set(wires.map(({ from }) => from))], ...(tolerant ? { join: 'all_done' as const } : {}) }),
    config: {
      ...(literal(plainMembers(node.config)) as JsonObject),
      // What of the server's environment may be read is up to the operator.
      ...(passed.length === 0 ? {} : { env_passthrough: Object.fromEntries(passed.map((name) => [name, `{{ env.?${name} }}`])) }),
    },
    inputs: { ports: wires.length === 0 ? '{{ inputs }}' : portsOf(wires) },
    ...(node.retry_policy === null ? {} : { retry: nativeRetry(node.retry_policy) }),
  };
}

/** An expression per port. Of several connections into one, the last whose output is there wins; without any it is null. */
function portsOf(wires: readonly Wire[]): JsonObject {
  const outputs = ({ from, fromPort }: Wire): string => `nodes[${quoted(from)}].output[?${quoted(fromPort)}]`;
  const ports = Map.groupBy(wires, ({ port }) => port);
  return Object.fromEntries(
    [...ports].map(([port, into]) => {
      const [last = '', ...earlier] = into.toReversed().map(outputs);
      return [port, `{{ ${earlier.reduce((chosen, other) => `${chosen}.or(${other})`, last)} }}`];
    }),
  );
}

/** A string of an expression. */
function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed());
}

/** The value with nothing in it read as an expression. */
function literal(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll('{{', String.raw`\{{`);
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, literal(member)]));
}

function passedVariables({ node_type: type, config }: FlowEngineNode): string[] {
  const names = type === 'shell.exec' ? plainMembers(config)['env_passthrough'] : undefined;
  return Array.isArray(names) ? names.filter((name): name is string => typeof name === 'string' && ENV_NAME.test(name)) : [];
}

function nativeRetry(policy: FlowEngineRetryPolicy): RetryPolicy {
  return {
    max_attempts: within(policy.max_attempts, 1, LIMITS.maxAttempts),
    backoff: 'exponential',
    initial_delay_ms: within(policy.delay_ms, 0, LIMITS.retryDelayMs),
    multiplier: within(policy.backoff_multiplier, 1, LIMITS.multiplier),
    max_delay_ms: within(policy.max_delay_ms ?? LIMITS.retryDelayMs, 0, LIMITS.retryDelayMs),
    ...(policy.retry_on_timeout ? {} : { give_up_on: ['timeout'] }),
  };
}

function nativeSettings({
  max_parallel_nodes: parallel,
  max_execution_time_ms: limit,
  on_error: onError,
}: FlowEngineSettings): WorkflowSettings {
  return {
    // 0 is no limit that anything could run within.
    ...(parallel === 0 ? {} : { max_parallel_nodes: within(parallel, 1, LIMITS.parallelNodes) }),
    ...(limit === null ? {} : { timeout_ms: within(limit, 1, LIMITS.timeoutMs) }),
    ...errorSettings(onError),
  };
}

function errorSettings(onError: FlowEngineSettings['on_error']): WorkflowSettings {
  if (typeof onError === 'object') {
    return { on_error: 'retry_run', retry: { max_attempts: within(onError.RetryWorkflow.max_attempts, 1, LIMITS.maxAttempts) } };
  }
  switch (onError) {
    case 'StopWorkflow':
      return { on_error: 'stop' };
    case 'ContinueOnError':
      return { on_error: 'continue' };
    case 'RetryWorkflow':
      return { on_error: 'retry_run' };
  }
}

/** What is beyond our limits is taken as them. */
function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
