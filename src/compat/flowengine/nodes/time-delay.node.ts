import type { DurableCall, DurableNodeType, JsonObject } from '../../../engine/index.js';
import { NodeTypeProvider } from '../../../modules/nodes/index.js';
import { FlowEngineNode } from './flowengine-node.js';
import { configurationError, portsOf } from './ports.js';

const DEFAULT_DELAY_MS = 1_000;
const YEAR_MS = 366 * 86_400_000;

/** Waits as the native one does, without holding a worker. */
@NodeTypeProvider()
export class FlowEngineTimeDelay extends FlowEngineNode implements DurableNodeType {
  readonly pure = false;
  readonly durable = true;

  constructor() {
    super('time.delay');
  }

  async execute(call: Pick<DurableCall, 'config' | 'inputs' | 'startedAt' | 'sleepUntil'>): Promise<JsonObject> {
    const delay = call.config['delay_ms'] ?? DEFAULT_DELAY_MS;
    if (typeof delay !== 'number' || delay < 0 || delay > YEAR_MS)
      throw configurationError('delay_ms must be milliseconds of at most a year');
    await call.sleepUntil('until', (await call.startedAt()) + Math.round(delay));
    return portsOf(call);
  }
}
