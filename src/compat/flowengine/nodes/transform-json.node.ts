import type { JsonObject, NodeCall, StepNodeType } from '../../../engine/index.js';
import { NodeTypeProvider } from '../../../modules/nodes/index.js';
import { FlowEngineNode } from './flowengine-node.js';
import { NativeNodes } from './native-nodes.js';
import { requiredInput, requiredText } from './ports.js';

@NodeTypeProvider()
export class FlowEngineJsonParse extends FlowEngineNode implements StepNodeType {
  readonly pure = true;

  constructor(private readonly native: NativeNodes) {
    super('transform.json_parse');
  }

  async execute(call: NodeCall): Promise<JsonObject> {
    const { value = null } = await this.native.execute('transform.json_parse', call, { value: requiredText(call, 'json') });
    return { parsed: value };
  }
}

@NodeTypeProvider()
export class FlowEngineJsonStringify extends FlowEngineNode implements StepNodeType {
  readonly pure = true;

  constructor(private readonly native: NativeNodes) {
    super('transform.json_stringify');
  }

  async execute(call: NodeCall): Promise<JsonObject> {
    const config = { value: requiredInput(call, 'value'), indent: 2 };
    const { value = null } = await this.native.execute('transform.json_stringify', call, config);
    return { json: value };
  }
}
