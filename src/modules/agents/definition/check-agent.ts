import { checkSchema, type DefinitionFault } from '../../../engine/graph/index.js';
import { linearRegex } from '../../../engine/expressions/linear-regex.js';
import { isJsonObject, type Json } from '../../../engine/index.js';
import { SchemaValidator } from '../../nodes/index.js';
import { blockFaults, type ModelBlock } from '../../models/index.js';
import { templateFault, toolName } from '../../tools/index.js';
import { hasStatements } from '../loop/instructions.js';
import { AGENT_TOOL_PREFIX } from '../tools/agent-tool.js';
import type { AgentDefinition } from './agent-definition.js';
import { AGENT_SCHEMA } from './agent-schema.js';
import { ruleFaults } from './approval-rule.js';
import { fromAstromesh, isAstromeshDocument, type Places } from './astromesh-document.js';
import { objectSchema } from './short-schema.js';

export type CheckedAgent =
  { readonly definition: AgentDefinition; readonly warnings: readonly DefinitionFault[] } | { readonly errors: readonly DefinitionFault[] };

const checkShape = new SchemaValidator({ discriminator: true }).compile(AGENT_SCHEMA);
const HERE: Places = (path) => path;
/** What is refused for a reason of its own. */
const UNFIT: Readonly<Record<string, string>> = {
  '/budget/run_day': 'a run has one budget, for all of its life, whatever the day: `run`',
};

/** Reads an agent from JSON, native or Astromesh's, and finds everything that is wrong with it. */
export function checkAgent(value: Json): CheckedAgent {
  if (!isJsonObject(value)) return { errors: [{ path: '', code: 'type', message: 'an agent is an object' }] };
  const { definition: raw, places } = isAstromeshDocument(value) ? fromAstromesh(value) : { definition: value, places: HERE };
  const kind = value['kind'];
  if (places !== HERE && kind !== 'Agent') {
    return { errors: [{ path: '/kind', code: 'enum', message: 'must be "Agent"' }] };
  }
  const shape = checkShape(raw).map((fault) => ({ ...fault, message: UNFIT[fault.path] ?? fault.message }));
  const faults = shape.length > 0 ? shape : meaningFaults(raw as unknown as AgentDefinition);
  if (faults.length > 0) return { errors: faults.map((fault) => ({ ...fault, path: places(fault.path) })) };
  const definition = completed(raw as unknown as AgentDefinition);
  return { definition, warnings: warningsOf(definition).map((warning) => ({ ...warning, path: places(warning.path) })) };
}

/** Short forms written out. */
function completed(definition: AgentDefinition): AgentDefinition {
  const { output_schema: schema } = definition;
  return schema === undefined ? definition : { ...definition, output_schema: objectSchema(schema) };
}

function meaningFaults(definition: AgentDefinition): DefinitionFault[] {
  return [
    ...modelFaults(definition),
    ...instructionFaults(definition),
    ...orchestrationFaults(definition),
    ...toolFaults(definition),
    ...(definition.approvals ?? []).flatMap((rule, index) => ruleFaults(rule, `/approvals/${index}`)),
    ...guardrailFaults(definition),
    ...(definition.output_schema === undefined ? [] : [...checkSchema(objectSchema(definition.output_schema), '/output_schema')]),
  ];
}

function modelFaults({ model }: AgentDefinition): DefinitionFault[] {
  const roles = Object.entries(model.roles ?? {}).flatMap(([role, { candidates }]) =>
    candidates.map((block, index): [ModelBlock, string] => [block, `/model/roles/${role}/candidates/${index}`]),
  );
  const blocks: [ModelBlock, string][] = [
    [model.primary, '/model/primary'],
    ...(model.fallback ?? []).map((block, index): [ModelBlock, string] => [block, `/model/fallback/${index}`]),
    ...roles,
  ];
  return blocks.flatMap(([block, path]) => blockFaults(block, path));
}

function instructionFaults({ instructions = '' }: AgentDefinition): DefinitionFault[] {
  const fault = hasStatements(instructions) ? templateFault(instructions) : null;
  return fault === null ? [] : [{ path: '/instructions', code: 'template', message: `cannot be read as a Jinja template: ${fault}` }];
}

function orchestrationFaults({ name, orchestration = {} }: AgentDefinition): DefinitionFault[] {
  const { pattern = 'react', agents = [] } = orchestration;
  const faults: DefinitionFault[] = [];
  if ((pattern === 'supervisor' || pattern === 'swarm') && agents.length === 0) {
    faults.push({ path: '/orchestration/agents', code: 'required', message: `is required: a ${pattern} needs agents to work with` });
  }
  if (pattern === 'supervisor') {
    agents.forEach(({ agent }, index) => {
      if (agent === name)
        faults.push({ path: `/orchestration/agents/${index}/agent`, code: 'cycle', message: 'a supervisor cannot work for itself' });
    });
  }
  return faults;
}

function toolFaults({ name: own, tools = [] }: AgentDefinition): DefinitionFault[] {
  const seen = new Set<string>();
  const ownTool = toolName(AGENT_TOOL_PREFIX, own);
  return tools.flatMap((tool, index) => {
    const path = `/tools/${index}`;
    const { name, type, agent, parameters } = typeof tool === 'string' ? { name: tool } : tool;
    const faults: DefinitionFault[] = [];
    if (seen.has(name))
      faults.push({ path: typeof tool === 'string' ? path : `${path}/name`, code: 'duplicate', message: `"${name}" is listed twice` });
    seen.add(name);
    if ((type === 'agent' && (agent ?? name) === own) || (type !== 'client' && name === ownTool))
      faults.push({ path, code: 'cycle', message: 'an agent cannot be its own tool' });
    if (type !== 'agent' && agent !== undefined)
      faults.push({ path: `${path}/agent`, code: 'unknown_field', message: 'only tools of type agent have one' });
    if (parameters !== undefined) faults.push(...checkSchema(objectSchema(parameters), `${path}/parameters`));
    return faults;
  });
}

function guardrailFaults({ guardrails = {} }: AgentDefinition): DefinitionFault[] {
  return (guardrails.output ?? []).flatMap((guardrail, index) => {
    if (guardrail.type !== 'content_filter') return [];
    const at = `/guardrails/output/${index}`;
    const { blocked_patterns: patterns = [], forbidden_keywords: keywords = [] } = guardrail;
    if (patterns.length + keywords.length === 0)
      return [{ path: at, code: 'required', message: 'needs blocked_patterns or forbidden_keywords' }];
    return patterns.flatMap((pattern, nth) => patternFault(pattern, `${at}/blocked_patterns/${nth}`));
  });
}

function patternFault(pattern: string, path: string): DefinitionFault[] {
  try {
    linearRegex(pattern);
    return [];
  } catch (error) {
    return [{ path, code: 'pattern', message: (error as Error).message }];
  }
}

function warningsOf(definition: AgentDefinition): DefinitionFault[] {
  const spec = definition.extra?.['spec'];
  const inert = isJsonObject(spec) ? Object.keys(spec) : [];
  return inert.map((member) => ({ path: `/${member}`, code: 'ignored', message: 'is kept and has no effect' }));
}
