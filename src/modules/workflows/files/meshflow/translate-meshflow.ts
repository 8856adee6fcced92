import type { DefinitionFault } from '../../../../engine/graph/index.js';
import { isJsonObject, type Json, type JsonObject } from '../../../../engine/model/json.js';
import { JobFaults } from '../flwd/job-faults.js';
import { joinOf, type MeshEdge, readEdges, upstreamOf } from './mesh-edges.js';
import { contentOrNothing, entriesOf, type MeshNode } from './mesh-names.js';
import { approvalConfig, readNode, translateNode } from './mesh-nodes.js';
import { inputsSchema, type MeshPolicy, needsApproval, readPolicy } from './mesh-policy.js';

export interface TranslatedMesh {
  readonly definition: JsonObject;
  readonly warnings: readonly DefinitionFault[];
  readonly label: string | null;
  /** A pointer into the definition as one into the document. */
  readonly pointer: (path: string) => string;
}

/** Members of documents that have no effect here, and what is said of them. */
const INERT: Readonly<Record<string, string>> = {
  compliance: 'is not checked here',
  context_bus: 'has no effect here: each result is told under the name of its node, so that there is nothing to merge',
  metadata: 'has no effect here',
};

/** A workflow in MeshFlow's YAML as a native graph. `fallbackName` is for documents without a name. */
export function translateMeshflow(
  document: JsonObject,
  fallbackName: string,
): TranslatedMesh | { readonly errors: readonly DefinitionFault[] } {
  const faults = new JobFaults();
  const policy = readPolicy(document, faults);
  const written = new Map(entriesOf(document['nodes']).map(([id, node]) => [id, isJsonObject(node) ? node : {}]));
  const nodes = new Map(
    [...written].flatMap(([id, node]): [string, MeshNode][] => {
      const read = readNode(id, node, faults);
      return read === null ? [] : [[id, read]];
    }),
  );
  if (written.size === 0) faults.error('/nodes', 'required', 'must name at least one node');
  if (Array.isArray(document['loop_edges']) && document['loop_edges'].length > 0) {
    faults.error(
      '/loop_edges',
      'unsupported',
      'a graph has no loops here; write what is repeated as a state machine (`kind: states`) and call it as a subgraph',
    );
  }
  // Edges at nodes of foreign kinds are no second fault.
  const edges = readEdges(document, new Map([...written.keys()].map((id) => [id, nodes.get(id) ?? { id, kind: 'native' }])), faults);
  for (const [member, why] of Object.entries(INERT)) if (document[member] !== undefined) faults.warn(`/${member}`, 'ignored', why);
  const starts = entryOf(document, nodes, faults);
  const made = [...nodes.values()].flatMap((node) =>
    nativesOf(node, { written, nodes, edges, policy, starts, faults }).map((native) => ({ native, of: node.id })),
  );
  const natives = made.map(({ native }) => native);
  const outputs = outputsOf(document, nodes, edges, faults);
  const { version, description } = document;
  const timeoutMs = policy.timeoutS === undefined || policy.timeoutS === 0 ? undefined : Math.ceil(policy.timeoutS * 1_000);
  if (faults.errors.length > 0) return { errors: faults.errors };
  return {
    definition: {
      name: nameOf(document, fallbackName),
      ...(typeof description === 'string' ? { description } : {}),
      inputs: inputsSchema(policy),
      nodes: natives,
      outputs,
      ...(timeoutMs === undefined || natives.some(asksPeople) ? {} : { settings: { timeout_ms: timeoutMs } }),
    },
    warnings: faults.warnings,
    label: typeof version === 'string' || typeof version === 'number' ? String(version) : null,
    pointer: (path) => writtenPointer(path, made),
  };
}

interface Surroundings {
  readonly written: ReadonlyMap<string, JsonObject>;
  readonly nodes: ReadonlyMap<string, MeshNode>;
  readonly edges: readonly MeshEdge[];
  readonly policy: MeshPolicy;
  /** Null: every node that nothing leads to. */
  readonly starts: ReadonlySet<string> | null;
  readonly faults: JobFaults;
}

/** The node, and before it the question to people that its risk asks for. */
function nativesOf(node: MeshNode, { written, nodes, edges, policy, starts, faults }: Surroundings): JsonObject[] {
  const { id } = node;
  const source = written.get(id) ?? {};
  const incoming = edges.filter(({ to }) => to === id);
  const known = (ids: Iterable<string>): MeshNode[] => [...ids].flatMap((each) => nodes.get(each) ?? []);
  const before = { direct: known(new Set(incoming.map(({ from }) => from))), all: known(upstreamOf(id, edges)) };
  const native = translateNode(node, source, before, policy, faults);
  const begun = starts === null || incoming.length > 0 || starts.has(id);
  const join = begun ? joinOf(incoming, nodes, faults) : { when: false };
  if (!needsApproval(source['risk'], policy)) return [{ ...native, ...join }];
  const gate = freeName(`${id}_approval`, written);
  const message = `Shall the step ${id} be carried out? Its risk is ${String(source['risk'])}.`;
  return [
    { id: gate, type: 'control.approval', config: approvalConfig(message, before.direct), ...join },
    { ...native, needs: [gate] },
  ];
}

function freeName(wished: string, taken: ReadonlyMap<string, unknown>): string {
  let name = wished.slice(0, 60);
  for (let nth = 2; taken.has(name); nth += 1) name = `${wished.slice(0, 60)}_${nth}`;
  return name;
}

/** The nodes that a run begins with; the others that nothing leads to are never reached. */
function entryOf(document: JsonObject, nodes: ReadonlyMap<string, MeshNode>, faults: JobFaults): Set<string> | null {
  const { entry } = document;
  if (entry === undefined || entry === null) return null;
  const ids = (Array.isArray(entry) ? entry : [entry]).filter((id) => typeof id === 'string');
  for (const id of ids)
    if (!nodes.has(id) && faults.errors.length === 0) faults.error('/entry', 'dangling_reference', `there is no node ${id}`);
  return new Set(ids);
}

/** What the last nodes said. */
function outputsOf(document: JsonObject, nodes: ReadonlyMap<string, MeshNode>, edges: readonly MeshEdge[], faults: JobFaults): Json {
  const told = faults.texts(document, 'terminal');
  for (const id of told)
    if (!nodes.has(id) && faults.errors.length === 0) faults.error('/terminal', 'dangling_reference', `there is no node ${id}`);
  const left = new Set(edges.map(({ from }) => from));
  const last = [...nodes.values()].filter(({ id }) => (told.length === 0 ? !left.has(id) : told.includes(id)));
  const texts = last.map((node) => `(${contentOrNothing(node)})`);
  return { output: `{{ [${texts.join(', ')}].filter(text, text != "").join("\\n\\n") }}` };
}

function nameOf({ name }: JsonObject, fallback: string): string {
  const written = typeof name === 'string' ? name.trim() : '';
  const usable = written
    .split('/')
    .map((part) => part.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').replaceAll(/^[-_.]+|-+$/g, ''))
    .filter((part) => part !== '')
    .join('/');
  return usable === '' ? fallback : usable;
}

function asksPeople({ type }: JsonObject): boolean {
  return type === 'control.approval';
}

/** Faults of a node are told at the one it was made of. */
function writtenPointer(path: string, made: readonly { readonly of: string }[]): string {
  const [, root, index] = path.split('/');
  if (root === 'name') return '/name';
  const node = root === 'nodes' ? made[Number(index)] : undefined;
  return node === undefined ? '' : `/nodes/${node.of}`;
}
