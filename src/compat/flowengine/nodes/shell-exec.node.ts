import type { JsonObject, NodeCall, StepNodeType } from '../../../engine/index.js';
import { NodeTypeProvider } from '../../../modules/nodes/index.js';
import { FlowEngineNode } from './flowengine-node.js';
import { NativeNodes } from './native-nodes.js';
import { portsOf } from './ports.js';
import { shellConfig, shellOutputs } from './shell-command.js';

/** Who may start processes is asked where the native one asks it. */
@NodeTypeProvider()
export class FlowEngineShellExec extends FlowEngineNode implements StepNodeType {
  readonly pure = false;

  constructor(private readonly native: NativeNodes) {
    super('shell.exec');
  }

  async execute(call: NodeCall): Promise<JsonObject> {
    const left = await this.native.execute('shell.exec', call, shellConfig(call.config, portsOf(call)));
    return shellOutputs(call.config, left);
  }
}
