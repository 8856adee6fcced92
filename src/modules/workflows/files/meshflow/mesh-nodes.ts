import { MODEL_PROVIDERS } from '../../../../config/index.js';
import type { JsonObject } from '../../../../engine/model/json.js';
import type { JobFaults } from '../flwd/job-faults.js';
import {
  contentOrNothing,
  FOREIGN_KINDS,
  literal,
  MESH_KINDS,
  type MeshKind,
  type MeshNode,
  modelNamed,
  nodeRef,
  numberOf,
} from './mesh-names.js';
import { checkRisk, type MeshPolicy } from './mesh-policy.js';

/** What the roles are told. */
const ROLES: Readonly<Record<string, string>> = {
  planner:
    'You are the planner of a team. Break the task down into a few concrete steps and say what each has to come to. Do not carry them out: others will.',
  researcher:
    'You are the researcher of a team. Gather what is needed for the task and the plan: facts, constraints, open questions. Say what you are not sure of.',
  executor: 'You are the executor of a team. Carry out the task with what the others have found, and give the complete result.',
  critic:
    'You are the critic of a team. Check the result against the task: correct what is wrong and add what is missing. Answer with the final result only.',
};
const DEFAULT_ROLE = 'executor';

/** Members of nodes that do something; what else is written has no effect. */
const KNOWN = new Set([
  'kind',
  'role',
  'model',
  'risk',
  'ref',
  'url',
  'method',
  'headers',
  'timeout_s',
  'retry_on_fail',
  'max_retries',
  'output_schema',
  'instructions',
  'description',
]);

/** The nodes before one: what they said is told to it, and what they spent is spent. */
export interface Before {
  readonly direct: readonly MeshNode[];
  readonly all: readonly MeshNode[];
}

/** A node as far as others refer to it; null when it is of a kind that nothing here can be. */
export function readNode(id: string, node: JsonObject, faults: JobFaults): MeshNode | null {
  const path = `/nodes/${id}`;
  if (!/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(id)) faults.error(path, 'pattern', 'a node is named by letters, digits, _ and -');
  const kind = faults.text(node, 'kind', path) ?? 'native';
  const foreign = FOREIGN_KINDS[kind];
  if (foreign !== undefined) faults.error(`${path}/kind`, 'unsupported_kind', `the node ${id} is of the kind ${kind}: ${foreign}`);
  else if (!isKind(kind))
    faults.error(`${path}/kind`, 'enum', `must be one of ${[...MESH_KINDS, ...Object.keys(FOREIGN_KINDS)].join(', ')}`);
  for (const member of Object.keys(node)) if (!KNOWN.has(member)) faults.warn(`${path}/${member}`, 'ignored', 'has no effect here');
  checkRisk(node, path, faults);
  return isKind(kind) ? { id, kind } : null;
}

function isKind(kind: string): kind is MeshKind {
  return (MESH_KINDS as readonly string[]).includes(kind);
}

/** The node in native form, without what it waits for. */
export function translateNode(node: MeshNode, written: JsonObject, before: Before, policy: MeshPolicy, faults: JobFaults): JsonObject {
  const { id } = node;
  const description = faults.text(written, 'description', `/nodes/${id}`);
  return {
    id,
    ...(description === undefined ? {} : { description }),
    ...bodyOf(node, written, before, policy, faults),
    ...limitsOf(node, written),
  };
}

function bodyOf(node: MeshNode, written: JsonObject, before: Before, policy: MeshPolicy, faults: JobFaults): JsonObject {
  const path = `/nodes/${node.id}`;
  switch (node.kind) {
    case 'native':
      return { type: 'agent.run', config: { agent: agentOf(node, written, before, policy, faults), query: queryOf(before.direct) } };
    case 'human': {
      const message = literal(faults.text(written, 'description', path) ?? `Shall the run go on after the step ${node.id}?`);
      return { type: 'control.approval', config: approvalConfig(message, before.direct, written) };
    }
    case 'http': {
      const url = faults.text(written, 'url', path);
      if (url === undefined) faults.error(`${path}/url`, 'required', 'is required');
      const headers = faults.mapping(written, 'headers', path);
      const method = (faults.text(written, 'method', path) ?? 'POST').toUpperCase();
      const config: JsonObject = { method, url: url ?? '', ...(headers === undefined ? {} : { headers }) };
      return { type: 'http.request', config: ['GET', 'HEAD'].includes(method) ? config : { ...config, body: given(before.direct) } };
    }
    case 'subgraph': {
      const workflow = faults.text(written, 'ref', path);
      if (workflow === undefined) faults.error(`${path}/ref`, 'required', 'is required: the name of a workflow');
      return { type: 'workflow.run', config: { workflow: workflow ?? '', inputs: given(before.direct) } };
    }
  }
}

/** What a node is told that is no agent. */
function given(direct: readonly MeshNode[]): JsonObject {
  return { task: '{{ inputs.task }}', context: `{{ ${contextOf(direct)} }}` };
}

function contextOf(direct: readonly MeshNode[]): string {
  const results = direct.map((node) => `${JSON.stringify(node.id)}: ${contentOrNothing(node)}`);
  return `merge(inputs.context, {${results.join(', ')}})`;
}

function queryOf(direct: readonly MeshNode[]): string {
  const results = direct.map((node) => `{{ ${contentOrNothing(node, `\n\nResult of ${node.id}:\n`)} }}`);
  return `{{ inputs.task }}{{ size(inputs.context) > 0 ? "\\n\\nContext: " + to_json(inputs.context) : "" }}${results.join('')}`;
}

function agentOf({ id }: MeshNode, written: JsonObject, { all }: Before, policy: MeshPolicy, faults: JobFaults): JsonObject {
  const path = `/nodes/${id}`;
  const role = faults.text(written, 'role', path) ?? DEFAULT_ROLE;
  const instructions = ROLES[role];
  if (instructions === undefined) faults.error(`${path}/role`, 'enum', `must be one of ${Object.keys(ROLES).join(', ')}`);
  const own = faults.text(written, 'instructions', path);
  const schema = faults.mapping(written, 'output_schema', path);
  return {
    name: /^[A-Za-z]/.test(id) ? id : `node${id}`,
    instructions: own === undefined ? (instructions ?? '') : literal(own),
    ...modelOf(written, path, faults),
    orchestration: { max_iterations: Math.min(1_000, Math.max(1, Math.floor(policy.maxSteps))) },
    budget: { run: { tokens: leftOf('tokens', all), cost_usd: leftOf('usd', all) } },
    ...(schema === undefined ? {} : { output_schema: schema }),
  };
}

function modelOf(written: JsonObject, path: string, faults: JobFaults): JsonObject {
  const name = faults.text(written, 'model', path);
  if (name === undefined) return {};
  const model = modelNamed(name, MODEL_PROVIDERS);
  if (model !== null) return { model: { primary: model } };
  faults.error(`${path}/model`, 'unknown_model', `nobody knows whose model ${name} is; write it as provider/model`);
  return {};
}

/** What is left of the run's budget when the agents before this one have spent theirs. */
function leftOf(what: 'tokens' | 'usd', all: readonly MeshNode[]): string {
  const [budget, spent] = what === 'tokens' ? ['budget_tokens', 'total_tokens'] : ['budget_usd', 'cost_usd'];
  const agents = all.filter(({ kind }) => kind === 'native');
  const used = agents.map(({ id }) => ` - (${nodeRef(id)}.status == "success" ? double(${nodeRef(id)}.output.usage.${spent}) : 0.0)`);
  return `{{ max(0.0, double(inputs.policy.${budget})${used.join('')}) }}`;
}

/** What people are asked, with what there is to look at. */
export function approvalConfig(message: string, direct: readonly MeshNode[], { timeout_s: seconds }: JsonObject = {}): JsonObject {
  const limit = numberOf(seconds);
  return {
    message,
    payload: {
      task: '{{ inputs.task }}',
      results: `{{ {${direct.map((node) => `${JSON.stringify(node.id)}: ${contentOrNothing(node)}`).join(', ')}} }}`,
    },
    ...(limit === undefined || limit === 0 ? {} : { expires_in_ms: Math.ceil(limit * 1_000) }),
  };
}

/** The time that people have to decide is in the approval. */
function limitsOf({ kind }: MeshNode, { timeout_s: seconds, retry_on_fail: retries, max_retries: most }: JsonObject): JsonObject {
  const limit = numberOf(seconds);
  return {
    ...(limit === undefined || limit === 0 || kind === 'human' ? {} : { timeout_ms: Math.ceil(limit * 1_000) }),
    ...(retries === true ? { retry: { max_attempts: 1 + Math.max(1, Math.floor(numberOf(most) ?? 1)) } } : {}),
  };
}
