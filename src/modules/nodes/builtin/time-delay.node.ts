import type { JsonObject } from '../../../engine/model/json.js';
import type { DurableCall, DurableNodeType } from '../../../engine/ports/node-type.js';
import { NodeTypeProvider } from '../node-type.decorator.js';
import { NO_INPUTS, objectOf } from './schemas.js';

const YEAR_MS = 366 * 24 * 3600 * 1000;

@NodeTypeProvider()
export class TimeDelayNode implements DurableNodeType {
  readonly type = 'time.delay';
  readonly category = 'time';
  readonly description = 'Waits. The run parks meanwhile, holds no worker, and goes on after a restart as if nothing had happened.';
  readonly pure = false;
  readonly durable = true;
  readonly configSchema = objectOf(
    { delay_ms: { type: 'integer', minimum: 0, maximum: YEAR_MS, description: 'How long to wait, in milliseconds; at most 366 days.' } },
    ['delay_ms'],
  );
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = objectOf({});

  async execute(call: Pick<DurableCall, 'config' | 'startedAt' | 'sleepUntil'>): Promise<JsonObject> {
    await call.sleepUntil('until', (await call.startedAt()) + Number(call.config['delay_ms']));
    return {};
  }
}
