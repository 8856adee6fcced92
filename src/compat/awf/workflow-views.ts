import { isJsonObject, type Json, type JsonObject } from '../../engine/index.js';
import type { JobDto, WorkflowDetailDto, WorkflowFileError } from '../../modules/workflows/index.js';
import { awfNameOf } from './workflow-names.js';

export function workflowItem({ id, version, description }: Pick<JobDto, 'id' | 'version' | 'description'>): object {
  return { ...awfNameOf(id), version, description: description ?? '' };
}

/** A file that could not be loaded is listed by its name alone. */
export function unreadableItem(file: string): object {
  return { ...awfNameOf(nameOfFile(file)), version: '', description: '' };
}

/** What a workflow is called that lies in this file. */
export function nameOfFile(file: string): string {
  return file.replace(/^workflows\//, '').replace(/\.ya?ml$/, '');
}

/** One text for each fault, with the state that it is in. */
export function errorTexts({ message, errors }: Pick<WorkflowFileError, 'message' | 'errors'>): string[] {
  if (errors.length === 0) return [message];
  return errors.map((fault) => {
    const [, state] = /^\/states\/([^/]+)/.exec(fault.path) ?? [];
    return state === undefined ? fault.message : `state '${state}': ${fault.message}`;
  });
}

/** A workflow with its states, both as the page and, in capitals, as the original has it. A graph's nodes are its states. */
export function workflowDetail({ name: full, definition, description }: WorkflowDetailDto, version: string): object {
  const { name } = awfNameOf(full);
  const states = statesOf(definition as unknown as JsonObject);
  const { initial, ...steps } = states;
  return {
    name,
    version,
    description: description ?? '',
    ...(definition.inputs === undefined ? {} : { inputs: definition.inputs }),
    states,
    Name: name,
    Version: version,
    Description: description ?? '',
    Initial: initial,
    Steps: Object.fromEntries(
      Object.entries(steps).map(([step, state]) => [step, { Name: step, Type: isJsonObject(state) ? state['type'] : null }]),
    ),
  };
}

function statesOf(definition: JsonObject): JsonObject {
  const { initial, states, nodes } = definition;
  if (isJsonObject(states)) {
    return {
      initial: initial ?? '',
      ...Object.fromEntries(Object.entries(states).map(([name, state]) => [name, isJsonObject(state) ? awfState(state) : state])),
    };
  }
  const vertices = Array.isArray(nodes) ? nodes.filter(isJsonObject) : [];
  const first = vertices.find(({ needs }) => !Array.isArray(needs) || needs.length === 0);
  return {
    initial: first?.['id'] ?? '',
    ...Object.fromEntries(
      vertices.map(({ id, type, needs, config, inputs }) => [
        String(id),
        operation(type, { needs, ...(config as object), ...(inputs as object) }),
      ]),
    ),
  };
}

/** Commands are steps in AWF, and nodes of other types are operations. */
function awfState(state: JsonObject): JsonObject {
  const { type, branches, node, ...rest } = state;
  switch (type) {
    case 'command':
      return { ...rest, type: 'step' };
    case 'step':
      return node === 'agent.run' || node === 'agent.chat' ? agentState(node, rest) : { ...rest, ...operation(node, {}) };
    case 'parallel':
      return { ...rest, type: 'parallel', parallel: branches ?? [] };
    default:
      return state;
  }
}

function agentState(node: string, { config, ...rest }: JsonObject): JsonObject {
  const { query, context, format, agent } = isJsonObject(config) ? config : {};
  const system = isJsonObject(context) ? context['system'] : undefined;
  return {
    ...rest,
    type: 'agent',
    ...(node === 'agent.chat' ? { mode: 'conversation' } : {}),
    prompt: query ?? '',
    ...(system === undefined ? {} : { system_prompt: system }),
    ...(format === undefined || format === 'auto' ? {} : { output_format: format }),
    ...(isJsonObject(agent) && agent['model'] !== undefined ? { options: agent['model'] } : {}),
  };
}

function operation(type: Json | undefined, { needs, ...inputs }: { needs?: Json | undefined }): JsonObject {
  return {
    type: 'operation',
    operation: type ?? '',
    ...(needs === undefined ? {} : { depends_on: needs }),
    ...(Object.keys(inputs).length === 0 ? {} : { inputs }),
  };
}
