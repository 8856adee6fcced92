import { isJsonObject, type Json, type JsonObject } from '../../../../engine/model/json.js';
import type { JobFaults } from '../flwd/job-faults.js';
import { contentRef, type MeshNode, nodeRef } from './mesh-names.js';
import { ConditionError, translateCondition } from './python-condition.js';

export interface MeshEdge {
  readonly from: string;
  readonly to: string;
  readonly condition: string | null;
  /** Where it is written. */
  readonly path: string;
}

/** `a -> b`, also `a -> b -> c`, or `{from, to, condition}`. */
export function readEdges(document: JsonObject, nodes: ReadonlyMap<string, MeshNode>, faults: JobFaults): MeshEdge[] {
  const written = document['edges'] ?? [];
  if (!Array.isArray(written)) {
    faults.error('/edges', 'type', 'must be a list');
    return [];
  }
  const edges = written.flatMap((edge, index) => edgesOf(edge, `/edges/${index}`, faults));
  return edges.filter(({ from, to, path }) => {
    const unknown = [from, to].find((id) => !nodes.has(id));
    if (unknown !== undefined) faults.error(path, 'dangling_reference', `there is no node ${unknown}`);
    return unknown === undefined;
  });
}

function edgesOf(edge: Json, path: string, faults: JobFaults): MeshEdge[] {
  if (typeof edge === 'string') {
    const ids = edge.split('->').map((id) => id.trim());
    if (ids.length > 1 && !ids.includes(''))
      return ids.slice(1).map((to, index) => ({ from: ids[index] ?? '', to, condition: null, path }));
  } else if (isJsonObject(edge)) {
    const { from, to, condition } = edge;
    const [sources, targets] = [listOf(from), listOf(to)];
    if (sources.length > 0 && targets.length > 0 && (condition === undefined || condition === null || typeof condition === 'string')) {
      return sources.flatMap((source) => targets.map((target) => ({ from: source, to: target, condition: condition ?? null, path })));
    }
  }
  faults.error(path, 'type', 'must be "a -> b" or {from, to, condition}');
  return [];
}

function listOf(value: Json | undefined): string[] {
  return (Array.isArray(value) ? value : [value]).filter((id) => typeof id === 'string');
}

/** When a node runs: once all before it are settled, if one of the edges to it fires. */
export function joinOf(edges: readonly MeshEdge[], nodes: ReadonlyMap<string, MeshNode>, faults: JobFaults): JsonObject {
  const needs = [...new Set(edges.map(({ from }) => from))];
  if (needs.length === 0) return {};
  const firing = edges.map((edge) => ({ edge, condition: conditionOf(edge, nodes.get(edge.from), faults) }));
  const [only, another] = firing;
  if (only !== undefined && another === undefined) {
    return { needs, ...(only.condition === null ? {} : { when: `{{ ${only.condition} }}` }) };
  }
  const fires = firing.map(
    ({ edge, condition }) => `(${nodeRef(edge.from)}.status == "success"${condition === null ? '' : ` && ${condition}`})`,
  );
  return { needs, join: 'all_done', when: `{{ ${fires.join(' || ')} }}` };
}

function conditionOf({ condition, path }: MeshEdge, source: MeshNode | undefined, faults: JobFaults): string | null {
  if (condition === null || condition.trim() === '' || source === undefined) return null;
  try {
    const structured = source.kind === 'native' ? `${nodeRef(source.id)}.output.?data` : 'optional.none()';
    return translateCondition(condition, { content: contentRef(source), structured });
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    faults.error(`${path}/condition`, 'bad_condition', error.message);
    return null;
  }
}

/** The nodes that come before one, near and far. */
export function upstreamOf(id: string, edges: readonly MeshEdge[]): Set<string> {
  const found = new Set<string>();
  const visit = (target: string): void => {
    for (const { from, to } of edges) {
      if (to !== target || found.has(from)) continue;
      found.add(from);
      visit(from);
    }
  };
  visit(id);
  return found;
}
