import { randomUUID } from 'node:crypto';
import type { Json, JsonObject } from '../../engine/index.js';
import { type TypedValue, typedMembers } from './values.js';

export interface FlowEngineRetryPolicy {
  /** Tries in all. */
  readonly max_attempts: number;
  readonly delay_ms: number;
  readonly backoff_multiplier: number;
  readonly max_delay_ms: number | null;
  readonly retry_on_timeout: boolean;
}

export interface FlowEngineNode {
  readonly id: string;
  readonly node_type: string;
  readonly name: string | null;
  readonly config: Readonly<Record<string, TypedValue>>;
  readonly position: JsonObject | null;
  readonly retry_policy: FlowEngineRetryPolicy | null;
}

export interface FlowEngineConnection {
  readonly from_node: string;
  readonly from_port: string;
  readonly to_node: string;
  readonly to_port: string;
}

export type OnError = 'StopWorkflow' | 'ContinueOnError' | 'RetryWorkflow' | { readonly RetryWorkflow: { readonly max_attempts: number } };

export interface FlowEngineSettings {
  /** Of the whole workflow. */
  readonly max_execution_time_ms: number | null;
  readonly max_parallel_nodes: number;
  readonly on_error: OnError;
}

/** A workflow as FlowEngine shows it: what is optional is null. */
export interface FlowEngineWorkflow {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly nodes: readonly FlowEngineNode[];
  readonly connections: readonly FlowEngineConnection[];
  /** Kept, and not acted upon. */
  readonly triggers: readonly JsonObject[];
  readonly settings: FlowEngineSettings;
}

type Optional<T> = { readonly [Key in keyof T]?: T[Key] | null };

/** A workflow as it is sent, once it has the shape that `WORKFLOW_BODY` demands. */
export interface SentWorkflow extends Optional<Omit<FlowEngineWorkflow, 'name' | 'nodes' | 'settings'>> {
  readonly name: string;
  readonly nodes: readonly SentNode[];
  readonly settings?: Optional<FlowEngineSettings> | null;
}

interface SentNode extends Optional<Omit<FlowEngineNode, 'node_type' | 'config' | 'retry_policy'>> {
  readonly node_type: string;
  /** Values typed or raw. */
  readonly config?: { readonly [name: string]: Json } | null;
  readonly retry_policy?: Optional<FlowEngineRetryPolicy> | null;
}

export const DEFAULT_SETTINGS: FlowEngineSettings = { max_execution_time_ms: null, max_parallel_nodes: 10, on_error: 'StopWorkflow' };

/** What was sent, complete: ids where there were none (`newId` is the workflow's), defaults, and typed values. What FlowEngine does not know is left out. */
export function completed(sent: SentWorkflow, newId: string = randomUUID()): FlowEngineWorkflow {
  const { settings } = sent;
  return {
    id: sent.id ?? newId,
    name: sent.name,
    description: sent.description ?? null,
    nodes: sent.nodes.map(completedNode),
    connections: (sent.connections ?? []).map(({ from_node, from_port, to_node, to_port }) => ({ from_node, from_port, to_node, to_port })),
    triggers: sent.triggers ?? [],
    settings: {
      max_execution_time_ms: settings?.max_execution_time_ms ?? DEFAULT_SETTINGS.max_execution_time_ms,
      max_parallel_nodes: settings?.max_parallel_nodes ?? DEFAULT_SETTINGS.max_parallel_nodes,
      on_error: settings?.on_error ?? DEFAULT_SETTINGS.on_error,
    },
  };
}

function completedNode(node: SentNode, index: number): FlowEngineNode {
  return {
    id: node.id ?? `node-${index + 1}`,
    node_type: node.node_type,
    name: node.name ?? null,
    config: typedMembers(node.config ?? {}),
    position: node.position ?? null,
    retry_policy: node.retry_policy === undefined || node.retry_policy === null ? null : completedRetry(node.retry_policy),
  };
}

function completedRetry(policy: Optional<FlowEngineRetryPolicy>): FlowEngineRetryPolicy {
  return {
    max_attempts: policy.max_attempts ?? 3,
    delay_ms: policy.delay_ms ?? 1_000,
    backoff_multiplier: policy.backoff_multiplier ?? 2,
    max_delay_ms: policy.max_delay_ms ?? null,
    retry_on_timeout: policy.retry_on_timeout ?? true,
  };
}
