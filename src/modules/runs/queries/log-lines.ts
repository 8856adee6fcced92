import { isJsonObject, type JsonObject, type LogLevel, type RunEvent } from '../../../engine/index.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies LogLevel[];
export const LOG_STREAMS = ['log', 'stdout', 'stderr'] as const;
export type LogStream = (typeof LOG_STREAMS)[number];

/** One line of a run's log: a `step.output` event of a text stream. */
export interface LogLine {
  readonly run_id: string;
  readonly seq: number;
  readonly at: string;
  readonly step: string;
  readonly stream: LogStream;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: JsonObject;
}

export interface LogFilter {
  /** Least level shown. */
  readonly level?: LogLevel | undefined;
  /** The step's path; items and inner steps of it count in. */
  readonly step?: string | undefined;
  readonly since?: Date | undefined;
}

/** The log line an event carries; null when it carries none. */
export function logLineOf(event: RunEvent): LogLine | null {
  const { stream, level, message, fields } = event.data;
  if (event.type !== 'step.output' || !isOneOf(LOG_STREAMS, stream) || typeof message !== 'string') return null;
  return {
    run_id: event.run_id,
    seq: event.seq,
    at: event.at,
    step: event.step ?? '',
    stream,
    level: isOneOf(LOG_LEVELS, level) ? level : stream === 'stderr' ? 'warn' : 'info',
    message,
    ...(isJsonObject(fields) ? { fields } : {}),
  };
}

export function matchesLogFilter(line: LogLine, filter: LogFilter): boolean {
  if (filter.level !== undefined && LOG_LEVELS.indexOf(line.level) < LOG_LEVELS.indexOf(filter.level)) return false;
  if (filter.since !== undefined && Date.parse(line.at) < filter.since.getTime()) return false;
  return filter.step === undefined || isWithin(line.step, filter.step);
}

/** `notify[3]` and `notify/turn-1` are within `notify`, `notify2` is not. */
function isWithin(path: string, step: string): boolean {
  return path.startsWith(step) && (path.length === step.length || '[/#'.includes(path.charAt(step.length)));
}

function isOneOf<T extends string>(values: readonly T[], value: unknown): value is T {
  return (values as readonly unknown[]).includes(value);
}
