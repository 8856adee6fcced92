import { bindingOf, childrenOf, type CelNode } from './cel-ast.js';
import { outerName } from './reserved-names.js';
import type { References } from './template.types.js';

/** One place where an expression reads a variable: `nodes.fetch.output` is `{root: 'nodes', path: ['fetch', 'output']}`. */
export interface Reference {
  readonly root: string;
  /** Members named literally after the root; shorter than the source when a member is computed. */
  readonly path: readonly string[];
  /** The syntax nodes of `path`, in its order. */
  readonly steps: readonly CelNode[];
  /** Whether all that follows the root is named literally, at least one member of it. */
  readonly literal: boolean;
  /** Whether the expression copes when it is not there: an operand of `has()`, or read by `.?`. */
  readonly optional: boolean;
  readonly start: number;
  readonly end: number;
}

/** Every read of a variable in the expression, in source order; variables that macros bind are not counted. */
export function findReferences(root: CelNode): Reference[] {
  const found: Reference[] = [];
  visit(root, new Set(), found);
  return found;
}

function visit(node: CelNode, bound: ReadonlySet<string>, found: Reference[], tested = false): void {
  const chain = chainOf(node);
  if (chain !== null) {
    if (!bound.has(chain.root) && chain.root !== 'cel') found.push(tested ? { ...chain, optional: true } : chain);
    for (const index of chain.computed) visit(index, bound, found);
    return;
  }
  const binding = bindingOf(node);
  const inner = binding === null ? bound : new Set(bound).add(binding.variable);
  const declaration = binding === null ? undefined : (node.args as [string, CelNode, CelNode[]])[2][0];
  const tests = node.op === 'call' && (node.args as [string, CelNode[]])[0] === 'has';
  for (const child of childrenOf(node)) {
    if (child === declaration) continue;
    visit(child, binding !== null && binding.bodies.includes(child) ? inner : bound, found, tests);
  }
}

/** Reads `a.b["c"].?d` from its outermost node; null when the node is no such chain. */
function chainOf(node: CelNode): (Reference & { readonly computed: readonly CelNode[] }) | null {
  const links: { readonly node: CelNode; readonly name: string | null; readonly index: CelNode | null }[] = [];
  let current = node;
  while (current.op !== 'id') {
    if (current.op === '.' || current.op === '.?') {
      const [target, name] = current.args as [CelNode, string];
      links.push({ node: current, name, index: null });
      current = target;
    } else if (current.op === '[]' || current.op === '[?]') {
      const [target, index] = current.args as [CelNode, CelNode];
      const name = index.op === 'value' && typeof index.args === 'string' ? index.args : null;
      links.push({ node: current, name, index });
      current = target;
    } else {
      return null;
    }
  }
  links.reverse();
  const firstComputed = links.findIndex((link) => link.name === null);
  const named = firstComputed < 0 ? links : links.slice(0, firstComputed);
  return {
    root: outerName(String(current.args)),
    path: named.map((link) => link.name as string),
    steps: named.map((link) => link.node),
    literal: named.length > 0,
    optional: links.some((link) => link.node.op.includes('?')),
    start: current.start,
    end: node.end,
    computed: links.flatMap((link) => (link.index !== null && link.name === null ? [link.index] : [])),
  };
}

/** Nothing read. */
export const NO_REFERENCES: References = { nodes: new Set(), states: new Set(), secrets: new Set(), env: new Set(), item: false };

export function summarize(references: readonly Reference[]): References {
  const named = (root: string) =>
    new Set(references.filter((reference) => reference.root === root && reference.literal).map((reference) => reference.path[0] as string));
  return {
    nodes: named('nodes'),
    states: new Set(
      references.flatMap((reference) =>
        reference.root === 'states' && reference.literal && !reference.optional ? [reference.path[0] as string] : [],
      ),
    ),
    secrets: named('secrets'),
    env: named('env'),
    item: references.some((reference) => reference.root === 'item' || reference.root === 'index'),
  };
}

export function union(all: readonly References[]): References {
  const [only] = all;
  if (only === undefined) return NO_REFERENCES;
  if (all.length === 1) return only;
  return {
    nodes: new Set(all.flatMap((references) => [...references.nodes])),
    states: new Set(all.flatMap((references) => [...references.states])),
    secrets: new Set(all.flatMap((references) => [...references.secrets])),
    env: new Set(all.flatMap((references) => [...references.env])),
    item: all.some((references) => references.item),
  };
}
