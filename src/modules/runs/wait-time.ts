import { UnprocessableError } from '../../platform/errors/app-error.js';

export const MAX_WAIT_MS = 300_000;

const DURATION = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s|m)?$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };
const PREFER_WAIT = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,7})"?\s*(?:$|[,;])/i;

/** Milliseconds of a `?wait=`: `30s`, `1500ms`, `2m`, or seconds alone; capped at five minutes. */
export function parseWait(text: string): number {
  const [, amount, unit = 's'] = DURATION.exec(text) ?? [];
  if (amount === undefined) {
    throw new UnprocessableError('the query is not valid', [
      { path: 'wait', code: 'format', message: 'must be a duration like 30s or 1500ms' },
    ]);
  }
  return Math.min(MAX_WAIT_MS, Number(amount) * (UNIT_MS[unit] ?? 1_000));
}

/** Milliseconds of `Prefer: wait=10` (RFC 7240); null when nothing of the kind is preferred. */
export function preferredWait(header: string | string[] | undefined): number | null {
  const text = Array.isArray(header) ? header.join(',') : header;
  const seconds = text === undefined ? undefined : PREFER_WAIT.exec(text)?.[1];
  return seconds === undefined ? null : Math.min(MAX_WAIT_MS, Number(seconds) * 1_000);
}
