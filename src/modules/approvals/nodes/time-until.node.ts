import { type DurableCall, type DurableNodeType, type JsonObject, StepError } from '../../../engine/index.js';
import { NO_INPUTS, NodeTypeProvider, objectOf } from '../../nodes/index.js';

const LAST = Date.parse('9999-12-31T23:59:59Z');
/** Numbers below are seconds: as milliseconds they would be times before March 1973, as seconds those above are after the year 5138. */
const FIRST_MILLISECOND = 100_000_000_000;
const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

@NodeTypeProvider()
export class TimeUntilNode implements DurableNodeType {
  readonly type = 'time.until';
  readonly category = 'time';
  readonly description =
    'Waits until a point in time; one that is past does not wait. The run parks meanwhile, holds no worker, and goes on after a restart as if nothing had happened.';
  readonly pure = false;
  readonly durable = true;
  readonly configSchema = objectOf(
    {
      at: {
        type: ['string', 'number'],
        description: 'RFC 3339 with its offset, e.g. `2026-03-01T08:00:00+01:00`, or an epoch in seconds or milliseconds.',
      },
    },
    ['at'],
  );
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = objectOf({ at: { type: 'string', format: 'date-time', description: 'The point in time, UTC.' } }, ['at']);

  async execute(call: Pick<DurableCall, 'config' | 'sleepUntil'>): Promise<JsonObject> {
    const at = toEpochMs(call.config['at']);
    await call.sleepUntil('until', at);
    return { at: new Date(at).toISOString() };
  }
}

function toEpochMs(at: unknown): number {
  const ms = typeof at === 'string' && RFC_3339.test(at) ? Date.parse(at.toUpperCase().replace(' ', 'T')) : epoch(at);
  if (ms >= 0 && ms <= LAST) return Math.round(ms);
  throw new StepError('invalid_time', 'at is neither RFC 3339 with an offset nor an epoch', { retryable: false });
}

function epoch(at: unknown): number {
  if (typeof at !== 'number') return NaN;
  return at < FIRST_MILLISECOND ? at * 1_000 : at;
}
