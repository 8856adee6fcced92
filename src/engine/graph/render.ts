import type { GraphDefinition, Join } from '../model/definition.js';
import type { StepStatus } from '../model/statuses.js';
import { sortGraph } from './topology.js';

export const GRAPH_FORMATS = ['json', 'mermaid', 'dot'] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** How a node fared in a run. */
export interface NodeOverlay {
  readonly status: StepStatus;
  readonly duration_ms?: number | null;
  readonly attempts?: number;
}

export interface GraphNodeView {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly level: number | null;
  readonly join: Join;
  readonly conditional: boolean;
  readonly for_each: boolean;
  readonly status?: StepStatus;
  readonly duration_ms?: number | null;
  readonly attempts?: number;
}

export interface GraphView {
  readonly nodes: readonly GraphNodeView[];
  /** `label`: when it is taken, of a state machine. */
  readonly edges: readonly { readonly from: string; readonly to: string; readonly label?: string }[];
}

/** The graph as nodes and edges, with how a run fared on it when told. */
export function viewGraph(definition: GraphDefinition, overlay?: ReadonlyMap<string, NodeOverlay>): GraphView {
  const vertices = definition.nodes.map(({ id, needs }) => ({ id, needs: [...new Set(needs)] }));
  const levelOf = new Map(sortGraph(vertices).levels.flatMap((ids, level) => ids.map((id) => [id, level])));
  return {
    nodes: definition.nodes.map((node) => {
      const fared = overlay?.get(node.id);
      return {
        id: node.id,
        type: node.type,
        name: node.name ?? node.id,
        level: levelOf.get(node.id) ?? null,
        join: node.join ?? 'all_success',
        conditional: node.when !== undefined && node.when !== true,
        for_each: node.for_each !== undefined,
        ...(overlay === undefined
          ? {}
          : { status: fared?.status ?? 'pending', duration_ms: fared?.duration_ms ?? null, attempts: fared?.attempts ?? 0 }),
      };
    }),
    edges: vertices.flatMap(({ id, needs }) => needs.map((need) => ({ from: need, to: id }))),
  };
}

const COLORS: Readonly<Record<StepStatus, { readonly fill: string; readonly stroke: string }>> = {
  pending: { fill: '#f4f4f5', stroke: '#a1a1aa' },
  running: { fill: '#dbeafe', stroke: '#2563eb' },
  waiting: { fill: '#fef9c3', stroke: '#ca8a04' },
  success: { fill: '#dcfce7', stroke: '#16a34a' },
  failed: { fill: '#fee2e2', stroke: '#dc2626' },
  skipped: { fill: '#fafafa', stroke: '#d4d4d8' },
  cancelled: { fill: '#fae8ff', stroke: '#a21caf' },
};

/** As a Mermaid flowchart. Ids are numbered, because Mermaid reserves words such as `end` and dashes mean edges. */
export function toMermaid(view: GraphView): string {
  const alias = aliases(view);
  const lines = ['flowchart TD'];
  for (const node of view.nodes) {
    const [open, close] = node.conditional ? ['{{"', '"}}'] : node.for_each ? ['[["', '"]]'] : ['["', '"]'];
    lines.push(
      `  ${alias.get(node.id)}${open}${label(node).map(escapeMermaid).join('<br/>')}${close}${node.status === undefined ? '' : `:::${node.status}`}`,
    );
  }
  for (const { from, to, label: text } of view.edges) {
    lines.push(`  ${alias.get(from)} -->${text === undefined ? '' : `|"${escapeMermaid(text)}"|`} ${alias.get(to)}`);
  }
  const shown = new Set(view.nodes.flatMap((node) => node.status ?? []));
  for (const status of shown) lines.push(`  classDef ${status} fill:${COLORS[status].fill},stroke:${COLORS[status].stroke},color:#18181b`);
  return `${lines.join('\n')}\n`;
}

/** As Graphviz DOT. */
export function toDot(view: GraphView): string {
  const lines = [
    'digraph workflow {',
    '  rankdir=TB;',
    '  node [shape=box, style="rounded,filled", fillcolor="#f4f4f5", color="#a1a1aa", fontname="Helvetica"];',
  ];
  for (const node of view.nodes) {
    const attributes = [`label=${quoteDot(label(node).join('\n'))}`];
    if (node.conditional) attributes.push('shape=hexagon');
    else if (node.for_each) attributes.push('peripheries=2');
    if (node.status !== undefined) attributes.push(`fillcolor="${COLORS[node.status].fill}"`, `color="${COLORS[node.status].stroke}"`);
    lines.push(`  ${quoteDot(node.id)} [${attributes.join(', ')}];`);
  }
  for (const { from, to, label: text } of view.edges) {
    lines.push(`  ${quoteDot(from)} -> ${quoteDot(to)}${text === undefined ? '' : ` [label=${quoteDot(text)}]`};`);
  }
  return `${lines.join('\n')}\n}\n`;
}

function label(node: GraphNodeView): string[] {
  const lines = [node.name, node.type];
  if (node.status !== undefined) {
    const parts: string[] = [node.status];
    if (node.duration_ms !== undefined && node.duration_ms !== null) parts.push(`${node.duration_ms} ms`);
    if ((node.attempts ?? 0) > 1) parts.push(`${node.attempts} attempts`);
    lines.push(parts.join(', '));
  }
  return lines;
}

function aliases(view: GraphView): ReadonlyMap<string, string> {
  return new Map(view.nodes.map((node, index) => [node.id, `n${index}`]));
}

/** Mermaid knows character references in quoted labels, and nothing in a label may look like markup. */
function escapeMermaid(text: string): string {
  return text.replace(/[^\p{L}\p{N} _.,:()/+-]/gu, (character) => (/\s/.test(character) ? ' ' : `#${character.codePointAt(0)};`));
}

function quoteDot(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\r', '').replaceAll('\n', '\\n')}"`;
}
