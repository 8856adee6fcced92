const DAY_MS = 24 * 60 * 60 * 1000;

/** A span of time, in milliseconds since the epoch; `to` is exclusive. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** The least id of a millisecond: everything of a UUIDv7 that is not time is zero. */
export function firstIdOf(epochMs: number): string {
  const hex = Math.min(Math.max(0, Math.floor(epochMs)), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** The millisecond that an id begins with. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/**
 * What of `wanted` no existing partition covers, in pieces that end at multiples of `days` since the epoch, so that partitions
 * keep to a calendar whatever their width was before.
 */
export function missingRanges(existing: readonly TimeRange[], wanted: TimeRange, days: number): TimeRange[] {
  const width = days * DAY_MS;
  const missing: TimeRange[] = [];
  const end = Math.ceil(wanted.to / width) * width;
  let from = Math.floor(wanted.from / width) * width;
  while (from < end) {
    const covering = existing.find((range) => range.from <= from && from < range.to);
    if (covering !== undefined) {
      from = covering.to;
      continue;
    }
    const next = Math.min(...existing.filter((range) => range.from > from).map((range) => range.from));
    const to = Math.min((Math.floor(from / width) + 1) * width, next);
    missing.push({ from, to });
    from = to;
  }
  return missing;
}
