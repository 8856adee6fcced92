import type { OnError, PlannedGraph, PlannedNode } from './random-graph.js';

/** What nodes give, all kinds alike. A node that failed or was skipped counts as this for those that need it. */
export const MISSING = 1_000;
export const PAUSED = 5;
export const FALLBACK = -1;

export type Settled = 'success' | 'failed' | 'skipped';

/** How a node comes out when nothing stops the run before. */
export interface NodeOutcome {
  /** What the journal says. */
  readonly status: Settled;
  /** What expressions see: a fallback makes a failure a success. */
  readonly seen: Settled;
  /** A number, per item of a fan-out a number or null; null without success. */
  readonly value: number | null | (number | null)[];
  /** Codes its failure may have; the run's, when it stops the run. */
  readonly codes: readonly string[];
  readonly stops: boolean;
  readonly items: readonly Settled[] | null;
}

export interface Expectation {
  readonly status: 'success' | 'failed';
  /** The run attempt in which the run ends. */
  readonly runAttempt: number;
  readonly nodes: ReadonlyMap<string, NodeOutcome>;
  /** Nodes that can be reached although the run fails. Of a run that succeeds, all. */
  readonly reachable: ReadonlySet<string>;
  /** Nodes that may be named as the reason of the failure. */
  readonly culprits: ReadonlySet<string>;
}

/** The number a node computes of those it needs; with `any_success` they may still be under way, so it does not look. */
export function ownValue(node: PlannedNode): number {
  return Number(node.id.slice(1)) + 1;
}

/**
 * What becomes of a graph, told without an engine: nodes in order, no time, no parallelism, no crashes. Where a failure
 * stops a run, what else was reached is up to time, and the model says what may have been.
 */
export function expectedOf(graph: PlannedGraph): Expectation {
  for (let runAttempt = 1; ; runAttempt += 1) {
    const nodes = new Map<string, NodeOutcome>();
    for (const node of graph.nodes) nodes.set(node.id, outcomeOf(graph, node, nodes, runAttempt));
    const reachable = reachableIn(graph, nodes);
    const culprits = new Set([...reachable].filter((id) => nodes.get(id)?.stops === true));
    if (culprits.size === 0) return { status: 'success', runAttempt, nodes, reachable, culprits };
    if (runAttempt === graph.runAttempts) return { status: 'failed', runAttempt, nodes, reachable, culprits };
  }
}

/** Nodes that are decided without any node that stops the run being settled. */
function reachableIn(graph: PlannedGraph, nodes: ReadonlyMap<string, NodeOutcome>): Set<string> {
  const reachable = new Set<string>();
  const passable = (id: string): boolean => reachable.has(id) && nodes.get(id)?.stops === false;
  for (const { id, needs, join } of graph.nodes) {
    const enough = join === 'any_success' && needs.some((need) => passable(need) && nodes.get(need)?.seen === 'success');
    if (enough || needs.every(passable)) reachable.add(id);
  }
  return reachable;
}

function outcomeOf(graph: PlannedGraph, node: PlannedNode, nodes: ReadonlyMap<string, NodeOutcome>, runAttempt: number): NodeOutcome {
  const seen = node.needs.map((id) => nodes.get(id)?.seen);
  const wanted = {
    all_success: seen.every((status) => status === 'success'),
    any_success: seen.length === 0 || seen.includes('success'),
    all_done: true,
  }[node.join];
  if (!wanted || node.when === 'no') return { status: 'skipped', seen: 'skipped', value: null, codes: [], stops: false, items: null };
  const onError = effective(graph, node.onError);
  if (node.when === 'fault') return failure(node, onError, ['expression_error']);
  if (node.forEach !== null) return fanOutOutcome(node, node.forEach.items, onError, runAttempt);
  const codes = troubleCodes(node, runAttempt);
  return codes === null ? success(node.kind === 'pause' ? PAUSED : valueOf(node, nodes)) : failure(node, onError, codes);
}

function valueOf(node: PlannedNode, nodes: ReadonlyMap<string, NodeOutcome>): number {
  const terms = node.join === 'any_success' ? [] : node.needs.map((id) => termOf(nodes.get(id)));
  return terms.reduce((sum, term) => sum + term, ownValue(node));
}

function termOf(need: NodeOutcome | undefined): number {
  if (need?.seen !== 'success') return MISSING;
  return Array.isArray(need.value) ? need.value.length : Number(need.value);
}

function fanOutOutcome(
  node: PlannedNode,
  items: readonly number[] | 'no_array',
  onError: Exclude<OnError, 'default'>,
  runAttempt: number,
): NodeOutcome {
  if (items === 'no_array') {
    return { ...failure(node, onError, ['for_each_not_array']), seen: 'failed', value: null, stops: onError !== 'continue' };
  }
  const codes = troubleCodes(node, runAttempt);
  const statuses = items.map((item): Settled => (codes !== null && item % 3 === 0 ? 'failed' : 'success'));
  if (codes !== null && statuses.includes('failed') && (onError === 'stop' || onError === 'bad_fallback')) {
    const told = onError === 'stop' ? codes : ['expression_error'];
    return { status: 'failed', seen: 'failed', value: null, codes: told, stops: true, items: statuses };
  }
  const replaced = onError === 'fallback' ? FALLBACK : null;
  const value = items.map((item, index) => (statuses[index] === 'failed' ? replaced : item * 10 + index));
  return { ...success(value), items: statuses };
}

function success(value: NodeOutcome['value']): NodeOutcome {
  return { status: 'success', seen: 'success', value, codes: [], stops: false, items: null };
}

function failure(node: PlannedNode, onError: Exclude<OnError, 'default'>, codes: readonly string[]): NodeOutcome {
  const failed: NodeOutcome = { status: 'failed', seen: 'failed', value: null, codes, stops: true, items: null };
  // Of a fan-out, fallbacks stand for items: a failure of the whole has none.
  if (onError === 'stop' || (node.forEach !== null && onError !== 'continue')) return failed;
  if (onError === 'bad_fallback') return { ...failed, codes: ['expression_error'] };
  return onError === 'continue' ? { ...failed, stops: false } : { ...failed, seen: 'success', value: FALLBACK, stops: false };
}

function effective(graph: PlannedGraph, own: OnError): Exclude<OnError, 'default'> {
  return own !== 'default' ? own : graph.onError === 'continue' ? 'continue' : 'stop';
}

/** Codes of the failure that is left after all attempts, or null when the work succeeds. */
function troubleCodes({ trouble, kind }: PlannedNode, runAttempt: number): readonly string[] | null {
  switch (trouble.kind) {
    case 'none':
    case 'at_first':
      return null;
    case 'in_run_attempts':
      return runAttempt > trouble.times ? null : [kind === 'child' ? 'child_failed' : 'trouble'];
    case 'always':
      return [kind === 'child' ? 'child_failed' : 'trouble'];
    case 'expression':
      return ['expression_error'];
    case 'hang':
      return ['timeout'];
  }
}

/** What was really seen of a run, however it was asked for. */
export interface Observed {
  readonly status: string;
  readonly error: { readonly code: string; readonly step?: string | undefined } | null;
  /** By path. Steps that were not reached are missing. */
  readonly steps: ReadonlyMap<string, string>;
  /** By node: what expressions saw, told by the run's outputs. */
  readonly seen: Readonly<Record<string, unknown>>;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Everything in which a run is not as the model allows. */
export function deviations(graph: PlannedGraph, expected: Expectation, observed: Observed): string[] {
  const faults: string[] = [];
  const { error } = observed;
  if (observed.status !== expected.status) faults.push(`ended as ${observed.status} (${JSON.stringify(error)}), not as ${expected.status}`);
  else if (expected.status === 'failed') {
    const culprit = error?.step === undefined || !expected.culprits.has(error.step) ? undefined : expected.nodes.get(error.step);
    if (culprit === undefined) faults.push(`failed for ${JSON.stringify(error)}, not for one of ${[...expected.culprits].join(', ')}`);
    else if (!culprit.codes.includes(error?.code ?? ''))
      faults.push(`failed with ${JSON.stringify(error)}, not with ${culprit.codes.join(', ')}`);
    if (culprit !== undefined && observed.steps.get(error?.step ?? '') !== 'failed')
      faults.push(`${error?.step} is not recorded as failed`);
  }
  for (const node of graph.nodes) faults.push(...nodeDeviations(node, expected, observed));
  return faults;
}

function nodeDeviations({ id }: PlannedNode, expected: Expectation, observed: Observed): string[] {
  const { status, seen, value, items } = expected.nodes.get(id) as NodeOutcome;
  const paths: [string, Settled][] = [[id, status], ...(items ?? []).map((each, index): [string, Settled] => [`${id}[${index}]`, each])];
  const faults: string[] = [];
  for (const [path, wanted] of paths) {
    const actual = observed.steps.get(path);
    const may = allowed(wanted, expected, id);
    if (!may.includes(actual))
      faults.push(`${path} is ${actual ?? 'not reached'}, not ${may.map((each) => each ?? 'not reached').join(' or ')}`);
  }
  if (expected.status === 'success') {
    if (observed.seen[id] !== seen) faults.push(`expressions see ${id} as ${String(observed.seen[id])}, not as ${seen}`);
    const wanted = seen === 'success' ? value : null;
    if (JSON.stringify(observed.values[id]) !== JSON.stringify(wanted)) {
      faults.push(`${id} gives ${JSON.stringify(observed.values[id])}, not ${JSON.stringify(wanted)}`);
    }
  }
  return faults;
}

function allowed(wanted: Settled, { status, reachable }: Expectation, id: string): (string | undefined)[] {
  if (status === 'success') return [wanted];
  return reachable.has(id) ? [wanted, 'cancelled', undefined] : [undefined];
}
