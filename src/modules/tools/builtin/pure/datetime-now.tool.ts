import type { JsonObject } from '../../../../engine/index.js';
import { objectOf } from '../../../nodes/index.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';

@ToolProvider()
export class DatetimeNowTool implements ExecutedTool {
  readonly name = 'datetime_now';
  readonly type = 'builtin';
  readonly description = 'Get the current date and time, in a time zone. A zone that does not exist counts as UTC.';
  readonly inputSchema = objectOf({
    timezone: { type: 'string', maxLength: 100, default: 'UTC', description: 'IANA name, such as UTC or US/Eastern.' },
  });
  readonly outputSchema = objectOf(
    {
      datetime: { type: 'string', description: 'ISO 8601, with the offset of the zone.' },
      timezone: { type: 'string' },
      unix_timestamp: { type: 'number', description: 'Seconds since 1970.' },
    },
    ['datetime', 'timezone', 'unix_timestamp'],
  );

  execute({ input }: Pick<ToolCall, 'input'>): Promise<JsonObject> {
    return Promise.resolve(timeIn(String(input['timezone'] ?? 'UTC'), new Date()));
  }
}

/** The moment as clocks of the zone show it. */
export function timeIn(zone: string, now: Date): JsonObject {
  const timezone = isTimeZone(zone) ? zone : 'UTC';
  const parts = new Map(
    new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      fractionalSecondDigits: 3,
      timeZoneName: 'longOffset',
    })
      .formatToParts(now)
      .map(({ type, value }) => [type, value]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? '';
  const offset = part('timeZoneName').replace('GMT', '') || '+00:00';
  const date = `${part('year')}-${part('month')}-${part('day')}`;
  const time = `${part('hour')}:${part('minute')}:${part('second')}.${part('fractionalSecond')}`;
  return { datetime: `${date}T${time}${offset}`, timezone, unix_timestamp: now.getTime() / 1_000 };
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
