import type { GraphDefinition, JsonObject } from '../../../engine/index.js';
import type { AgentDefinition } from './agent-definition.js';

/** Inputs of an agent's run. `key_id` is who asked, for budgets. */
export const AGENT_INPUTS: JsonObject = {
  type: 'object',
  additionalProperties: false,
  required: ['query'],
  properties: {
    query: { type: 'string' },
    session_id: { type: ['string', 'null'], default: null },
    subject: { type: ['string', 'null'], default: null },
    context: { type: 'object', default: {} },
    model: { type: ['string', 'null'], default: null },
    instructions: { type: ['string', 'null'], default: null },
    key_id: { type: ['string', 'null'], default: null },
  },
};

export const AGENT_NODE_TYPE = 'agent.run';

/**
 * The implicit workflow that a run of the agent executes: one node, named like the agent, so that its steps are
 * `assistant/turn-1/model` and so on. The agent itself stands beside the nodes: it is nothing that expressions could change.
 */
export function compileAgent(definition: AgentDefinition): GraphDefinition {
  const id = nodeIdOf(definition.name);
  const given = (name: string): string => `{{ inputs.${name} }}`;
  return {
    name: definition.name,
    ...(definition.description === undefined ? {} : { description: definition.description }),
    inputs: AGENT_INPUTS,
    nodes: [
      {
        id,
        type: AGENT_NODE_TYPE,
        config: {
          agent: definition.name,
          query: given('query'),
          session_id: given('session_id'),
          subject: given('subject'),
          context: given('context'),
          model: given('model'),
          instructions: given('instructions'),
          key_id: given('key_id'),
        },
      },
    ],
    outputs: `{{ nodes["${id}"].output }}`,
    agent: definition as unknown as JsonObject,
  };
}

/** Agents' names are node ids. */
export function nodeIdOf(name: string): string {
  return name;
}
