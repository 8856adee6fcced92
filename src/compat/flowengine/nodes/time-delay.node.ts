import type { DurableCall, DurableNodeType, JsonObject } from '../../../engine/index.js';
import { NodeTypeProvider } from '../../../modules/nodes/index.js';
import { FlowEngineNode } from './flowengine-node.js';
import { NativeNodes } from './native-nodes.js';
import { portsOf } from './ports.js';

const DEFAULT_DELAY_MS = 1_000;

@NodeTypeProvider()
export class FlowEngineTimeDelay extends FlowEngineNode implements DurableNodeType {
  readonly pure = false;
  readonly durable = true;

  constructor(private readonly native: NativeNodes) {
    super('time.delay');
  }

  async execute(call: DurableCall): Promise<JsonObject> {
    const delay = call.config['delay_ms'] ?? DEFAULT_DELAY_MS;
    await this.native.wait('time.delay', call, { delay_ms: typeof delay === 'number' ? Math.round(delay) : delay });
    return portsOf(call);
  }
}
