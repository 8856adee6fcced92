import { type DurableCall, type DurableNodeType, type JsonObject, StepError } from '../../../engine/index.js';
import { ANY, NO_INPUTS, NodeTypeProvider, objectOf } from '../../nodes/index.js';
import { APPROVAL_SIGNAL_PREFIX } from '../approval.js';
import { SIGNAL_NAME } from '../signal-name.js';

const YEAR_MS = 366 * 24 * 3600 * 1000;

@NodeTypeProvider()
export class ControlWaitNode implements DurableNodeType {
  readonly type = 'control.wait';
  readonly category = 'control';
  readonly description =
    'Waits for a signal sent to the run (POST /runs/{id}/signals/{name}); one that came before counts. Each signal is taken once.';
  readonly pure = false;
  readonly durable = true;
  readonly configSchema = objectOf(
    {
      name: {
        type: 'string',
        pattern: SIGNAL_NAME.source,
        not: { pattern: `^${APPROVAL_SIGNAL_PREFIX}` },
        description: 'Name of the signal.',
      },
      timeout_ms: {
        type: 'integer',
        minimum: 1,
        maximum: YEAR_MS,
        description: 'How long to wait, at most 366 days; for ever if not said.',
      },
      default: { description: 'The payload when no signal came in time. Without it the step fails with `signal_timeout`.' },
    },
    ['name'],
  );
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = objectOf(
    { payload: ANY, timed_out: { type: 'boolean', description: 'True when no signal came in time and the default counts.' } },
    ['payload'],
  );

  async execute(call: Pick<DurableCall, 'config' | 'startedAt' | 'waitForSignal'>): Promise<JsonObject> {
    const { config } = call;
    const name = String(config['name']);
    const limit = config['timeout_ms'];
    const deadline = typeof limit === 'number' ? (await call.startedAt()) + limit : undefined;
    const payload = await call.waitForSignal('signal', name, deadline);
    if (payload !== undefined) return { payload };
    if (config['default'] === undefined) throw new StepError('signal_timeout', `no signal "${name}" came within ${Number(limit)} ms`);
    return { payload: config['default'], timed_out: true };
  }
}
