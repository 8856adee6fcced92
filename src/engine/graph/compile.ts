import { compileCondition, compileTemplate } from '../expressions/index.js';
import type {
  ConcurrencySettings,
  GraphDefinition,
  NodeDefinition,
  NodeOnError,
  RetryPolicy,
  WorkflowSettings,
} from '../model/definition.js';
import { runRate } from '../model/rate.js';
import type { CompiledGraph, CompiledNode, CompiledOnError, CompiledSettings } from './compiled-graph.js';
import { sortGraph } from './topology.js';

const ONCE: RetryPolicy = { max_attempts: 1 };
const RUN_RETRY: RetryPolicy = { max_attempts: 3, backoff: 'exponential', initial_delay_ms: 1000 };
const DEFAULT_MAX_PARALLEL_NODES = 10;
const DEFAULT_MAX_PARALLEL_ITEMS = 10;

/** Prepares a definition for execution. It must have passed `validateDefinition`: faults throw, with the first one's message. */
export function compileGraph(definition: GraphDefinition): CompiledGraph {
  const needsOf = new Map(definition.nodes.map((node) => [node.id, [...new Set(node.needs)]]));
  const { order, levels, cycles, dependents } = sortGraph(
    definition.nodes.map((node) => ({ id: node.id, needs: needsOf.get(node.id) ?? [] })),
  );
  const [cycle] = cycles;
  if (cycle !== undefined) throw new Error(`the graph has a cycle: ${cycle.join(' -> ')}`);
  const tolerant = definition.settings?.on_error === 'continue';
  const nodes = definition.nodes.map((node, index) =>
    compileNode(node, index, needsOf.get(node.id) ?? [], dependents.get(node.id) ?? [], tolerant),
  );
  return {
    kind: 'graph',
    definition,
    nodes: new Map(nodes.map((node) => [node.id, node])),
    order,
    levels,
    roots: levels[0] ?? [],
    outputs: definition.outputs === undefined ? null : compileTemplate(definition.outputs),
    settings: compileSettings(definition.settings ?? {}),
  };
}

function compileNode(
  node: NodeDefinition,
  index: number,
  needs: readonly string[],
  dependents: readonly string[],
  tolerant: boolean,
): CompiledNode {
  const variables = node.for_each === undefined ? 'run' : 'item';
  return {
    id: node.id,
    index,
    type: node.type,
    definition: node,
    config: compileTemplate(node.config ?? {}, variables),
    inputs: compileTemplate(node.inputs ?? {}, variables),
    when: node.when === undefined || node.when === true ? null : compileCondition(node.when),
    forEach:
      node.for_each === undefined
        ? null
        : { items: compileTemplate(node.for_each.items), maxParallel: node.for_each.max_parallel ?? DEFAULT_MAX_PARALLEL_ITEMS },
    needs,
    dependents,
    join: node.join ?? 'all_success',
    retry: node.retry ?? ONCE,
    timeoutMs: node.timeout_ms ?? null,
    onError: compileOnError(node.on_error ?? (tolerant ? 'continue' : 'stop'), variables),
  };
}

function compileOnError(onError: NodeOnError, variables: 'run' | 'item'): CompiledOnError {
  if (onError === 'stop') return { kind: 'stop' };
  if (onError === 'continue') return { kind: 'continue' };
  return { kind: 'fallback', output: compileTemplate(onError.output, variables) };
}

export function compileSettings(settings: WorkflowSettings): CompiledSettings {
  return {
    maxParallelNodes: settings.max_parallel_nodes ?? DEFAULT_MAX_PARALLEL_NODES,
    onError: settings.on_error ?? 'stop',
    retry: settings.retry ?? RUN_RETRY,
    timeoutMs: settings.timeout_ms ?? null,
    priority: settings.priority ?? 0,
    concurrency: settings.concurrency === undefined ? null : compileConcurrency(settings.concurrency),
    rate: settings.rate === undefined ? null : runRate(settings.rate),
  };
}

function compileConcurrency({ key, limit, on_conflict }: ConcurrencySettings): CompiledSettings['concurrency'] {
  return { key: compileTemplate(key, 'inputs'), limit: limit ?? 1, onConflict: on_conflict ?? 'queue' };
}
