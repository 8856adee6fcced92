import { isJsonObject, type JsonObject, type NodeDefinition, type RetryPolicy, type WorkflowDefinition } from '../../engine/index.js';
import { viewWorkflow } from '../../engine/workflow/index.js';
import type { WorkflowDetailDto, WorkflowDto } from '../../modules/workflows/index.js';
import {
  DEFAULT_SETTINGS,
  type FlowEngineNode,
  type FlowEngineRetryPolicy,
  type FlowEngineSettings,
  type FlowEngineWorkflow,
} from './definition.js';
import { idOfName } from './ids.js';
import { typeOfNative } from './node-types.js';
import { workflowIn } from './to-native.js';
import { typedMembers } from './values.js';

/** The id of any workflow: of those that came through this API the one that was sent, of others ours. */
export function idOf({ id, name }: Pick<WorkflowDto, 'id' | 'name'>): string {
  return idOfName(name) ?? id;
}

export interface WorkflowItem {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly nodes: number;
  readonly connections: number;
}

export function workflowItem(workflow: WorkflowDto, definition: WorkflowDefinition): WorkflowItem {
  const kept = keptIn(workflow, definition);
  return {
    id: idOf(workflow),
    name: kept?.name ?? workflow.name,
    description: workflow.description,
    nodes: workflow.nodes,
    connections: kept?.connections.length ?? viewWorkflow(definition).edges.length,
  };
}

/** Any workflow as FlowEngine shows it: those that came through this API as they were sent, others as well as its words can say them. */
export function workflowView(workflow: WorkflowDetailDto): FlowEngineWorkflow {
  const { definition } = workflow;
  return keptIn(workflow, definition) ?? foreignWorkflow(workflow);
}

function keptIn({ name }: Pick<WorkflowDto, 'name'>, definition: WorkflowDefinition): FlowEngineWorkflow | null {
  return idOfName(name) === null ? null : workflowIn(definition);
}

/** Edges are connections from `output` to `input`. */
function foreignWorkflow(workflow: WorkflowDetailDto): FlowEngineWorkflow {
  const { definition } = workflow;
  const { nodes, edges } = viewWorkflow(definition);
  const written = new Map(definition.kind === 'states' ? [] : definition.nodes.map((node) => [node.id, node]));
  return {
    id: idOf(workflow),
    name: workflow.name,
    description: workflow.description,
    nodes: nodes.map(({ id, type }) => foreignNode(id, type, written.get(id))),
    connections: edges.map(({ from, to }) => ({ from_node: from, from_port: 'output', to_node: to, to_port: 'input' })),
    triggers: (definition.triggers ?? []).map(foreignTrigger),
    settings: foreignSettings(definition),
  };
}

function foreignNode(id: string, type: string, node: NodeDefinition | undefined): FlowEngineNode {
  return {
    id,
    node_type: typeOfNative(type),
    name: node?.name ?? null,
    config: typedMembers(node?.config ?? {}),
    position: null,
    retry_policy: node?.retry === undefined ? null : foreignRetry(node.retry),
  };
}

function foreignRetry(retry: RetryPolicy): FlowEngineRetryPolicy {
  return {
    max_attempts: retry.max_attempts,
    delay_ms: retry.initial_delay_ms ?? 1_000,
    backoff_multiplier: retry.backoff === 'constant' || retry.backoff === 'linear' ? 1 : (retry.multiplier ?? 2),
    max_delay_ms: retry.max_delay_ms ?? null,
    retry_on_timeout: retry.give_up_on?.includes('timeout') !== true,
  };
}

const TRIGGER_TYPES: Readonly<Record<string, (config: JsonObject) => JsonObject>> = {
  cron: ({ expression = '' }) => ({ type: 'Cron', expression }),
  webhook: () => ({ type: 'Webhook', path: '' }),
  event: ({ types }) => ({ type: 'Event', event_type: Array.isArray(types) ? types.join(',') : '' }),
};

function foreignTrigger(trigger: JsonObject, index: number): JsonObject {
  const { kind, name, enabled, config } = trigger;
  const typeOf = typeof kind === 'string' ? TRIGGER_TYPES[kind] : undefined;
  return {
    id: typeof name === 'string' ? name : `trigger-${index + 1}`,
    trigger_type: typeOf?.(isJsonObject(config) ? config : trigger) ?? { type: 'Manual' },
    enabled: enabled !== false,
  };
}

function foreignSettings(definition: WorkflowDefinition): FlowEngineSettings {
  const limit = { max_execution_time_ms: definition.settings?.timeout_ms ?? null };
  if (definition.kind === 'states') return { ...DEFAULT_SETTINGS, ...limit };
  const { max_parallel_nodes = DEFAULT_SETTINGS.max_parallel_nodes, on_error, retry } = definition.settings ?? {};
  switch (on_error) {
    case 'continue':
      return { ...limit, max_parallel_nodes, on_error: 'ContinueOnError' };
    case 'retry_run':
      return {
        ...limit,
        max_parallel_nodes,
        on_error: retry === undefined ? 'RetryWorkflow' : { RetryWorkflow: { max_attempts: retry.max_attempts } },
      };
    default:
      return { ...limit, max_parallel_nodes, on_error: 'StopWorkflow' };
  }
}
