import { Cron } from 'croner';
import { LRUCache } from 'lru-cache';

const FIELDS = /^(?:\S+ +){4,5}\S+$/;
const NICKNAME = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/i;

/** A processing that is as late as this is on time: clocks tick, databases pause, servers are restarted. */
export const GRACE_MS = 10_000;

export interface CronTime {
  readonly expression: string;
  /** IANA name. */
  readonly timezone: string;
}

const schedules = new LRUCache<string, Cron>({ max: 1_000 });

/**
 * When it fires next, strictly after an instant; null for never. Where clocks are set forward, a fixed time that does not exist
 * fires once at the first instant after the gap; where they are set back, a fixed time fires at its first occurrence only. Times
 * with a wildcard or a step go by what elapses: they skip the gap and fire in both of the repeated hours.
 */
export function nextCronTime({ expression, timezone }: CronTime, afterMs: number): number | null {
  const key = `${timezone} ${expression}`;
  let cron = schedules.get(key);
  if (cron === undefined) {
    cron = new Cron(expression, { timezone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard', paused: true });
    schedules.set(key, cron);
  }
  return cron.nextRun(new Date(afterMs))?.getTime() ?? null;
}

/** What is wrong with an expression or its zone; null when they can be used. */
export function cronFault(
  { expression, timezone }: CronTime,
  nowMs: number,
): { field: 'expression' | 'timezone'; code: string; message: string } | null {
  if (!isZone(timezone)) return { field: 'timezone', code: 'unknown_timezone', message: `there is no IANA time zone ${timezone}` };
  if (!FIELDS.test(expression) && !NICKNAME.test(expression)) {
    return {
      field: 'expression',
      code: 'bad_cron',
      message: 'a cron expression has five fields (minute hour day month weekday), or six with seconds first',
    };
  }
  try {
    const never = nextCronTime({ expression, timezone }, nowMs) === null;
    return never ? { field: 'expression', code: 'never_fires', message: 'no date fits this expression' } : null;
  } catch (error) {
    const reason = (error as Error).message.replace(/^CronPattern: /, '');
    return { field: 'expression', code: 'bad_cron', message: `not a cron expression: ${reason}` };
  }
}

function isZone(timezone: string): boolean {
  if (!/^[A-Za-z]/.test(timezone)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

export interface FirePlan {
  /** The instants to fire for now, oldest first. */
  readonly fires: readonly number[];
  /** The next instant to look at; null when there is none. */
  readonly next: number | null;
}

export interface PlanRequest extends CronTime {
  /** Missed instants that are not older are made good. */
  readonly catchUpMs: number;
  /** The earliest instant not dealt with yet. */
  readonly dueAt: number;
  readonly now: number;
  /** At most so many fires; the rest is for the next look. */
  readonly limit: number;
}

/** What is to fire now. Of the missed instants those within the catch-up window, and in any case the latest if it is just due. */
export function planFires({ catchUpMs, dueAt, now, limit, ...time }: PlanRequest): FirePlan {
  const oldest = now - Math.max(catchUpMs, GRACE_MS);
  let at = dueAt >= oldest ? dueAt : nextCronTime(time, oldest - 1);
  const due: number[] = [];
  while (at !== null && at <= now && due.length < limit) {
    due.push(at);
    at = nextCronTime(time, at);
  }
  const complete = at === null || at > now;
  return { fires: due.filter((instant, index) => now - instant <= catchUpMs || (complete && index === due.length - 1)), next: at };
}
