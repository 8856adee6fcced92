import { AwfSyntaxError } from './awf-source.js';
import type { Json } from '../../model/json.js';

const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Seconds as a number, or a Go duration (`1m30s`), in milliseconds. */
export function durationMs(value: Json): number {
  if (typeof value === 'number' && value >= 0) return value * 1000;
  if (typeof value === 'string') {
    const text = value.trim();
    if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
    if (/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) {
      return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)].reduce(
        (sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0),
        0,
      );
    }
  }
  throw new AwfSyntaxError('bad_duration', `${JSON.stringify(value)} is no duration: seconds, or 1m30s`);
}

/** Of a step: cut to whole seconds; 0 means no limit. */
export function timeoutMs(value: Json): number {
  return Math.floor(durationMs(value) / 1000) * 1000;
}
