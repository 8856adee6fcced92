import type { MeshRecord } from './records.js';
import { totalsOf } from './summaries.js';

/** A run's graph: the nodes that were reached with what they used, and the edges between all. */
export interface MeshGraph {
  readonly runId: string;
  readonly nodes: readonly string[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

const TITLE_CHARACTERS = 24;

/** Where there is no graph, such as of an agent's run, the order of the records is one. */
export function graphOfRecords(runId: string, records: readonly MeshRecord[]): MeshGraph {
  const nodes = [...new Set(records.map(({ node_id }) => node_id))];
  return { runId, nodes, edges: nodes.slice(1).map((to, index) => ({ from: nodes[index] ?? '', to })) };
}

export function toMeshMermaid({ runId, nodes, edges }: MeshGraph, records: readonly MeshRecord[]): string {
  const ids = idsOf(nodes);
  const used = Map.groupBy(records, ({ node_id }) => node_id);
  const blocked = nodes.filter((node) => isBlocked(used.get(node)));
  const lines = nodes.map((node) => {
    const label = labelOf(node, used.get(node))
      .map(escaped)
      .join(String.raw`\n`);
    return blocked.includes(node) ? `    ${ids.get(node)}("⛔ ${label}")` : `    ${ids.get(node)}["${label}"]`;
  });
  return [
    'flowchart LR',
    `  subgraph run["${escaped(runId.slice(0, TITLE_CHARACTERS))}"]`,
    ...(nodes.length === 0 ? ['    empty["no steps"]'] : lines),
    '  end',
    ...edges.map(({ from, to }) => `  ${ids.get(from)} --> ${ids.get(to)}`),
    ...blocked.map((node) => `  style ${ids.get(node)} fill:#f88,stroke:#900`),
    '',
  ].join('\n');
}

export function toMeshDot({ runId, nodes, edges }: MeshGraph, records: readonly MeshRecord[]): string {
  const ids = idsOf(nodes);
  const used = Map.groupBy(records, ({ node_id }) => node_id);
  return [
    `digraph "${escaped(runId.slice(0, TITLE_CHARACTERS))}" {`,
    '  rankdir=LR;',
    '  node [shape=box, style=filled];',
    ...(nodes.length === 0 ? ['  empty [label="no steps"];'] : []),
    ...nodes.map((node) => {
      const own = used.get(node);
      const color = own === undefined ? 'white' : isBlocked(own) ? 'lightcoral' : 'lightgreen';
      return `  ${ids.get(node)} [label="${labelOf(node, own)
        .map(escaped)
        .join(String.raw`\n`)}", fillcolor=${color}];`;
    }),
    ...edges.map(({ from, to }) => `  ${ids.get(from)} -> ${ids.get(to)};`),
    '}',
    '',
  ].join('\n');
}

function isBlocked(records: readonly MeshRecord[] = []): boolean {
  return records.some(({ blocked }) => blocked);
}

function labelOf(node: string, records: readonly MeshRecord[] | undefined): string[] {
  if (records === undefined) return [node];
  const { total_tokens, total_cost_usd } = totalsOf(records);
  return [node, `tokens=${total_tokens} $${total_cost_usd.toFixed(4)}`];
}

/** Letters, digits and `_`, which begin with none of the digits, and are not the same for two nodes. */
function idsOf(nodes: readonly string[]): Map<string, string> {
  const taken = new Set<string>();
  return new Map(
    nodes.map((node, index) => {
      const plain = node.replaceAll(/[^A-Za-z0-9]/g, '_');
      const usable = /^\d/.test(plain) || /^(end|graph|subgraph|style|run|node|edge|digraph)$/i.test(plain) ? `n${index}_${plain}` : plain;
      const id = taken.has(usable) ? `n${index}_${plain}` : usable;
      taken.add(id);
      return [node, id];
    }),
  );
}

function escaped(text: string): string {
  return text.replaceAll('\\', '/').replaceAll('"', "'");
}
