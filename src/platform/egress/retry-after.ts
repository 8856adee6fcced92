/** Nobody is waited for longer. */
const LONGEST_MS = 3_600_000;

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * How long a server wants to be left alone, milliseconds, at most an hour: by `Retry-After-Ms`, or `Retry-After` in seconds or as a
 * date. Undefined where it does not say, or says what cannot be read. Names of headers are in lower case, `now` is epoch milliseconds.
 */
export function retryAfterMs(headers: Headers | undefined, now: number): number | undefined {
  const wait = numberOf(headers?.['retry-after-ms'], 1) ?? waitOf(textOf(headers?.['retry-after']), now);
  return wait === undefined ? undefined : Math.min(Math.max(wait, 0), LONGEST_MS);
}

function waitOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const until = Date.parse(text);
  return numberOf(text, 1_000) ?? (Number.isNaN(until) ? undefined : until - now);
}

function numberOf(value: string | readonly string[] | undefined, factor: number): number | undefined {
  const text = textOf(value)?.trim();
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) * factor : undefined;
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value[0];
}
