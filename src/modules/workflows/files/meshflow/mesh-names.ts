import { isJsonObject, type Json } from '../../../../engine/model/json.js';

/** Kinds of nodes that become something here. */
export const MESH_KINDS = ['native', 'human', 'http', 'subgraph'] as const;
export type MeshKind = (typeof MESH_KINDS)[number];

/** Kinds of nodes that need what this server has not, and what does instead. */
export const FOREIGN_KINDS: Readonly<Record<string, string>> = {
  langgraph: 'it runs a graph of the Python library LangGraph; write its nodes as nodes of this workflow',
  crewai: 'it runs a crew of the Python library CrewAI; write its agents as native nodes',
  autogen: 'it runs agents of the Python library AutoGen; write them as native nodes',
  python: 'it calls a Python function; reach it by http, or run it as a shell.exec node of a workflow that a subgraph node calls',
  mcp: 'it calls a tool of an MCP server; register the server as a source of tools and give the tool to an agent that a subgraph node calls',
};

/** A node of a file, as far as it is well-formed. */
export interface MeshNode {
  readonly id: string;
  readonly kind: MeshKind;
}

/** How expressions name a node. */
export function nodeRef(id: string): string {
  return /^[A-Za-z_]\w*$/.test(id) ? `nodes.${id}` : `nodes[${JSON.stringify(id)}]`;
}

/** What a node said, as an expression of a text. Only for nodes that have succeeded. */
export function contentRef({ id, kind }: MeshNode): string {
  const output = `${nodeRef(id)}.output`;
  switch (kind) {
    case 'native':
      return `${output}.response`;
    case 'human':
      return `${output}.decision`;
    case 'http':
      return `string(${output}.body)`;
    case 'subgraph':
      return `string(${output}.outputs)`;
  }
}

/** The same for nodes that may have been skipped: then it is empty. */
export function contentOrNothing(node: MeshNode, before = ''): string {
  return `${nodeRef(node.id)}.status == "success" ? ${before === '' ? '' : `${JSON.stringify(before)} + `}${contentRef(node)} : ""`;
}

const MODEL_FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/^claude/, 'anthropic'],
  [/^(gpt|chatgpt|o\d)/, 'openai'],
  [/^gemini/, 'google'],
];

/** The model that a name means: `provider/model`, or one whose provider is known by its name. Null when it is not. */
export function modelNamed(name: string, providers: readonly string[]): { readonly provider: string; readonly model: string } | null {
  const [before = '', ...rest] = name.split('/');
  if (rest.length > 0) return providers.includes(before) ? { provider: before, model: rest.join('/') } : null;
  const provider = MODEL_FAMILIES.find(([family]) => family.test(name))?.[1];
  return provider === undefined ? null : { provider, model: name };
}

/** A text of the document as one that means itself, whatever stands in it. */
export function literal(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}

export function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

export function entriesOf(value: Json | undefined): [string, Json][] {
  return isJsonObject(value) ? Object.entries(value) : [];
}
