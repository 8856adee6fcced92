import { expandEntry, type RunEvent, type RunEventType, TERMINAL_EVENT_TYPES } from '../../../engine/index.js';

/** A journal row as the read side selects it: everything but the hash. */
export interface EventRow {
  readonly run_id: string;
  readonly seq: number;
  readonly span: 1 | 2;
  readonly type: RunEventType;
  readonly step: string | null;
  readonly attempt: number;
  readonly at: Date;
  readonly started_at: Date | null;
  /** The JSON text, parsed once by `eventsOfRow`. */
  readonly data: string;
}

/** Select list of `EventRow` over `run_events e`. */
export const EVENT_COLUMNS = 'e.run_id, e.seq, e.span, e.type, e.step, e.attempt, e.at, e.started_at, e.data::text AS data';

/** Stored payload bytes of one read, beyond its first row: a page of large payloads is a short page. */
export const MAX_BYTES_PER_READ = 8 * 1024 * 1024;

/**
 * Cuts a limited selection of `run_events` rows, ordered by `order`, where their payloads become too many. `scanned` tells
 * how many rows there were. Sizes are those of the stored, possibly compressed values, which are not read for it.
 */
export function withinBytes(selection: string, order: string): string {
  return `(SELECT sized.* FROM (
      SELECT chosen.*, (count(*) OVER ())::int AS scanned,
             sum(pg_column_size(chosen.data)) OVER (ORDER BY ${order}) - pg_column_size(chosen.data) AS bytes_before
      FROM (${selection}) AS chosen) AS sized
    WHERE sized.bytes_before < ${MAX_BYTES_PER_READ})`;
}

const NO_HASH = Buffer.alloc(0);

/** The one or two events a row stands for, in order. */
export function eventsOfRow(row: EventRow): RunEvent[] {
  return expandEntry({
    runId: row.run_id,
    seq: row.seq,
    span: row.span,
    type: row.type,
    step: row.step,
    attempt: row.attempt,
    at: row.at.getTime(),
    startedAt: row.started_at === null ? null : row.started_at.getTime(),
    data: row.data,
    hash: NO_HASH,
  });
}

/** Types of rows with span 2 that carry `type` as their first event. */
const CLOSERS: Partial<Record<RunEventType, readonly RunEventType[]>> = {
  'run.created': ['run.started'],
  'step.started': ['step.completed', 'step.failed', 'step.retrying', 'step.waiting'],
};

/** The row types that can hold an event of one of `types`, a run's terminal rows always included. */
export function rowTypesFor(types: ReadonlySet<RunEventType>): RunEventType[] {
  const rowTypes = new Set<RunEventType>(TERMINAL_EVENT_TYPES);
  for (const type of types) {
    rowTypes.add(type);
    for (const closer of CLOSERS[type] ?? []) rowTypes.add(closer);
  }
  return [...rowTypes];
}
