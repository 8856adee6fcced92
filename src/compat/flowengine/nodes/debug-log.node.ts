import type { JsonObject, NodeCall, StepNodeType } from '../../../engine/index.js';
import { NodeTypeProvider } from '../../../modules/nodes/index.js';
import { FlowEngineNode } from './flowengine-node.js';
import { NativeNodes } from './native-nodes.js';
import { inputOf, textOf } from './ports.js';

@NodeTypeProvider()
export class FlowEngineDebugLog extends FlowEngineNode implements StepNodeType {
  readonly pure = true;

  constructor(private readonly native: NativeNodes) {
    super('debug.log');
  }

  execute(call: NodeCall): Promise<JsonObject> {
    const message = inputOf(call, 'message');
    return this.native.execute('debug.log', call, { message: message === null ? '(no message)' : textOf(message) });
  }
}
