import type { HeddleConfig } from '../../../config/index.js';
import { hasTemplate, pointerTo } from '../../../engine/expressions/index.js';
import type { DefinitionFault } from '../../../engine/graph/index.js';
import { isJsonObject, type Json, type JsonObject } from '../../../engine/index.js';
import { defaultModel } from '../../models/index.js';
import { checkAgent, type CheckedAgent } from './check-agent.js';
import { AGENT_NODE_TYPE } from './compile-agent.js';

/** Nodes that ask an agent. */
const ASKING: ReadonlySet<Json | undefined> = new Set([AGENT_NODE_TYPE, 'agent.chat']);

/** An agent that stands in a workflow instead of in the store. One that names no model is given the server's. */
export function readInlineAgent(value: JsonObject, config: Pick<HeddleConfig, 'defaultModel'>): CheckedAgent {
  const model = { primary: defaultModel(config) } as unknown as JsonObject;
  return checkAgent({ model, ...value });
}

/** What is wrong with the agents that a definition holds, as far as it can be told before their expressions have values. */
export function inlineAgentFaults(definition: JsonObject, config: Pick<HeddleConfig, 'defaultModel'>): DefinitionFault[] {
  return inlineAgents(definition).flatMap(({ path, agent }) => {
    const checked = readInlineAgent(agent, config);
    const templated = new Set(templatedPaths(agent));
    return 'errors' in checked
      ? checked.errors.filter((fault) => !templated.has(fault.path)).map((fault) => ({ ...fault, path: `${path}${fault.path}` }))
      : [];
  });
}

/** Of a graph and of a state machine. Its structure may be faulty: what is not understood is left out. */
function inlineAgents({ nodes, states }: JsonObject): { readonly path: string; readonly agent: JsonObject }[] {
  const places: [string, Json, Json | undefined][] = [
    ...(Array.isArray(nodes) ? nodes : []).map((node, index): [string, Json, Json | undefined] => [
      `/nodes/${index}`,
      node,
      isJsonObject(node) ? node['type'] : undefined,
    ]),
    ...Object.entries(isJsonObject(states) ? states : {}).map(([name, state]): [string, Json, Json | undefined] => [
      pointerTo('/states', name),
      state,
      isJsonObject(state) ? state['node'] : undefined,
    ]),
  ];
  return places.flatMap(([path, place, type]) => {
    const config = ASKING.has(type) && isJsonObject(place) ? place['config'] : undefined;
    const agent = isJsonObject(config) ? config['agent'] : undefined;
    return isJsonObject(agent) ? [{ path: `${path}/config/agent`, agent }] : [];
  });
}

function templatedPaths(value: Json, path = ''): string[] {
  if (typeof value === 'string') return hasTemplate(value) ? [path] : [];
  if (Array.isArray(value)) return value.flatMap((element, index) => templatedPaths(element, pointerTo(path, index)));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => templatedPaths(member, pointerTo(path, name)));
}
