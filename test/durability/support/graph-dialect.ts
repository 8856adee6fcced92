import type { Json, JsonObject } from '../../../src/engine/index.js';
import { FALLBACK, MISSING, ownValue, PAUSED } from '../../../src/engine/testing/graph-model.js';
import type { PlannedGraph, PlannedNode } from '../../../src/engine/testing/random-graph.js';
import type { SeededRandom } from '../../../src/engine/testing/seeded-random.js';
import type { Received } from './target.js';

/**
 * Planned graphs as definitions for a real server. Effects are requests to a target, which decides by the request alone
 * how they fare: by the idempotency key how often it was asked, by the body in which run attempt.
 */
export const CHILD_WORKFLOW = 'random/child';
const HANG_LIMIT_MS = 300;
const MISSING_MEMBER = 'inputs.missing.deep';

/** What really executes the node; pure node types cannot fail on demand. */
type Flavour = 'request' | 'set' | 'delay' | 'child';

function flavourOf({ kind, trouble }: PlannedNode): Flavour {
  if (kind === 'pause') return 'delay';
  if (kind === 'child') return 'child';
  return kind === 'effect' || trouble.kind === 'always' || trouble.kind === 'in_run_attempts' ? 'request' : 'set';
}

export function childWorkflow(url: string): object {
  const what = {
    v: '{{ inputs.v }}',
    trouble: '{{ inputs.trouble }}',
    times: '{{ inputs.times }}',
    run_attempt: '{{ inputs.run_attempt }}',
  };
  return {
    name: CHILD_WORKFLOW,
    inputs: { type: 'object' },
    nodes: [{ id: 'x', ...request(url, what) }],
    outputs: { v: '{{ nodes.x.output.body.v }}' },
  };
}

export function definitionOf(graph: PlannedGraph, name: string, url: string, random: SeededRandom): object {
  const seen: JsonObject = {};
  const values: JsonObject = {};
  for (const node of graph.nodes) {
    const { id } = node;
    seen[id] = `{{ nodes.${id}.status }}`;
    values[id] = `{{ nodes.${id}.status == 'success' ? dyn(${node.forEach === null ? valueIn(node) : `nodes.${id}.output`}) : null }}`;
  }
  return {
    name,
    inputs: { type: 'object' },
    nodes: random.shuffle(graph.nodes).map((node) => nodeOf(graph, node, url, random)),
    outputs: { seen, values },
    settings: {
      on_error: graph.onError,
      max_parallel_nodes: graph.maxParallelNodes,
      ...(graph.onError === 'retry_run'
        ? { retry: { max_attempts: graph.runAttempts, backoff: 'constant', initial_delay_ms: random.between(0, 40) } }
        : {}),
    },
  };
}

function nodeOf(graph: PlannedGraph, node: PlannedNode, url: string, random: SeededRandom): object {
  const { needs, join, when, attempts, forEach } = node;
  return {
    id: node.id,
    ...work(graph, node, url, random),
    ...onErrorOf(node),
    ...(needs.length === 0 ? {} : { needs, join }),
    ...(when === 'absent' ? {} : { when: { yes: '{{ 2 > 1 }}', no: '{{ 1 > 2 }}', fault: `{{ ${MISSING_MEMBER} }}` }[when] }),
    ...(attempts === 1 ? {} : { retry: { max_attempts: attempts, backoff: 'constant', initial_delay_ms: random.between(0, 40) } }),
    ...(forEach === null
      ? {}
      : { for_each: { items: forEach.items === 'no_array' ? '{{ inputs.none }}' : forEach.items, max_parallel: forEach.maxParallel } }),
  };
}

function onErrorOf(node: PlannedNode): object {
  switch (node.onError) {
    case 'default':
      return {};
    case 'stop':
    case 'continue':
      return { on_error: node.onError };
    case 'fallback':
      return { on_error: { output: shaped(node, FALLBACK) } };
    case 'bad_fallback':
      return { on_error: { output: shaped(node, `{{ ${MISSING_MEMBER} }}`) } };
  }
}

function work(graph: PlannedGraph, node: PlannedNode, url: string, random: SeededRandom): object {
  const { trouble } = node;
  const value = node.forEach === null ? valueExpression(graph, node) : '{{ item * 10 + index }}';
  const how = trouble.kind === 'always' && !trouble.retryable ? 'refused' : trouble.kind;
  const what: JsonObject = {
    v: value,
    trouble: trouble.kind === 'expression' ? troubled(node, MISSING_MEMBER) : troubled(node, `'${how}'`),
    times: 'times' in trouble ? trouble.times : 0,
    run_attempt: '{{ run.attempt }}',
  };
  switch (flavourOf(node)) {
    case 'delay':
      return { type: 'time.delay', config: { delay_ms: random.between(0, 60) } };
    case 'set':
      return { type: 'transform.set', config: { values: { v: value, trouble: what['trouble'] } } };
    case 'child':
      return { type: 'workflow.run', config: { workflow: CHILD_WORKFLOW, inputs: what } };
    case 'request':
      return { ...request(url, what), ...(trouble.kind === 'hang' ? { timeout_ms: HANG_LIMIT_MS } : {}) };
  }
}

function request(url: string, body: JsonObject): object {
  return { type: 'http.request', config: { method: 'POST', url: `${url}/work`, body, fail_on_status: true } };
}

/** Of a fan-out, only some items are in trouble. */
function troubled(node: PlannedNode, expression: string): string {
  return `{{ ${node.forEach === null ? expression : `item % 3 == 0 ? dyn(${expression}) : dyn('none')`} }}`;
}

function valueExpression(graph: PlannedGraph, node: PlannedNode): string {
  const needs = node.join === 'any_success' ? [] : graph.nodes.filter(({ id }) => node.needs.includes(id));
  const term = (need: PlannedNode): string => `(nodes.${need.id}.status == 'success' ? dyn(${valueIn(need)}) : dyn(${MISSING}))`;
  return `{{ ${[String(ownValue(node)), ...needs.map(term)].join(' + ')} }}`;
}

/** What a node that succeeded counts for. */
function valueIn(node: PlannedNode): string {
  const output = `nodes.${node.id}.output`;
  if (node.forEach !== null) return `size(${output})`;
  const flavour = flavourOf(node);
  if (flavour === 'delay')
    return node.onError === 'fallback' ? `(nodes.${node.id}.error == null ? ${PAUSED} : ${FALLBACK})` : String(PAUSED);
  return { request: `${output}.body.v`, child: `${output}.outputs.v`, set: `${output}.v` }[flavour];
}

/** A value where the node's own output would have it. */
function shaped(node: PlannedNode, v: Json): Json {
  return { request: { body: { v } }, child: { outputs: { v } }, set: { v }, delay: { v } }[flavourOf(node)];
}

/** The value in an output of any shape. */
export function plainValue(output: unknown): unknown {
  if (Array.isArray(output)) return output.map((each) => (each === null ? null : plainValue(each)));
  if (typeof output !== 'object' || output === null) return output;
  const { v, body, outputs } = output as { v?: unknown; body?: { v?: unknown }; outputs?: { v?: unknown } };
  return v ?? body?.v ?? outputs?.v ?? null;
}

/** Answers of the outside system. A request that is repeated after a crash counts again, so `at_first` needs attempts to spare. */
export function answerer(): (request: Received) => Promise<void> {
  const asked = new Map<string, number>();
  return async (request) => {
    const {
      v,
      trouble,
      times,
      run_attempt: runAttempt,
    } = (await request.body) as { v: number; trouble: string; times: number; run_attempt: number };
    const key = request.idempotencyKey ?? '';
    const count = (asked.get(key) ?? 0) + 1;
    asked.set(key, count);
    if (trouble === 'hang') return;
    if (trouble === 'refused') return request.answer(400);
    const fails =
      trouble === 'always' || (trouble === 'at_first' && count <= times) || (trouble === 'in_run_attempts' && runAttempt <= times);
    if (fails) return request.answer(503);
    request.answer(200, { v });
  };
}
