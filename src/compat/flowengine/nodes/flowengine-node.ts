import type { JsonObject, NodeTypeSpec } from '../../../engine/index.js';
import { NODE_TYPES, type NodeTypeName, nativeType } from '../node-types.js';

const CONFIG: JsonObject = { type: 'object', description: 'As FlowEngine documents it, values plain.' };
const INPUTS: JsonObject = {
  type: 'object',
  additionalProperties: false,
  required: ['ports'],
  properties: { ports: { type: 'object', description: 'What has come into each port; null where nothing has.' } },
};
const OUTPUTS: JsonObject = { type: 'object', description: 'What goes out of each port.' };

/** What is the same of all node types of FlowEngine: they work on ports. */
export abstract class FlowEngineNode implements NodeTypeSpec {
  readonly type: string;
  readonly category: string;
  readonly description: string;
  readonly configSchema = CONFIG;
  readonly inputSchema = INPUTS;
  readonly outputSchema = OUTPUTS;
  abstract readonly pure: boolean;

  constructor(name: NodeTypeName) {
    const { category, description } = NODE_TYPES.find(({ type }) => type === name) ?? { category: '', description: '' };
    this.type = nativeType(name);
    this.category = category;
    this.description = `${description}, as FlowEngine's ${name} does: inputs and outputs are ports.`;
  }
}
