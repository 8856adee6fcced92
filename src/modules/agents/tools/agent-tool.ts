import type { JsonObject } from '../../../engine/index.js';
import type { RunTool } from '../../tools/index.js';

export const AGENT_TOOL_PREFIX = 'agent';

const QUERY: JsonObject = {
  type: 'object',
  properties: { query: { type: 'string', minLength: 1, description: 'What to do or to find out, complete in itself.' } },
  required: ['query'],
  additionalProperties: false,
};

/** An agent as a tool: its work is a run of its own, in the session of the one that calls. `id` is the agent's, `name` the tool's. */
export function agentTool(id: string, name: string, description: string | undefined): RunTool {
  return {
    name,
    description: description ?? `The agent ${name}.`,
    inputSchema: QUERY,
    type: 'agent',
    request: ({ input, session, subject }) => ({
      workflow: id,
      inputs: { query: String(input['query'] ?? ''), session_id: session ?? null, ...(subject === undefined ? {} : { subject }) },
    }),
    result: ({ outputs }) => {
      const { response = null, data } = outputs as JsonObject;
      return data === undefined ? response : data;
    },
  };
}
