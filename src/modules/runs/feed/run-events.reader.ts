import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { type RunEvent, type RunEventType, TERMINAL_EVENT_TYPES } from '../../../engine/index.js';
import { EVENT_COLUMNS, eventsOfRow, rowTypesFor, withinBytes, type EventRow } from './event-row.js';

/** Sequence numbers looked at by one filtered read, so that a rare type in a long run costs a bounded query. */
const FILTER_WINDOW = 5_000;

export interface EventsRequest {
  readonly tenant: string;
  readonly runId: string;
  /** Events with a greater `seq` only; 0 reads from the beginning. */
  readonly after: number;
  /** Journal rows at most; each holds one or two events. */
  readonly limit: number;
  readonly types?: ReadonlySet<RunEventType> | undefined;
}

export interface EventsBatch {
  readonly events: RunEvent[];
  /** Everything up to this `seq` has been read: where the next read goes on. */
  readonly position: number;
  /** Whether there were more rows than this batch looked at. */
  readonly more: boolean;
  /** Whether the run's terminal event was among what was read, also when `types` hides it. */
  readonly ended: boolean;
}

/** Reads a run's event log from its journal. The only source of events for every transport. */
@Injectable()
export class RunEventsReader {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async read(request: EventsRequest): Promise<EventsBatch> {
    return request.types === undefined ? this.readAll(request) : this.readTypes(request, request.types);
  }

  /** Whether the run exists for this tenant, and if so whether it is over. */
  async state(tenant: string, runId: string): Promise<'unknown' | 'live' | 'over'> {
    const [row] = await this.dataSource.query<{ over: boolean }[]>(
      'SELECT status IS NOT NULL AS over FROM runs WHERE id = $1 AND tenant_id = $2',
      [runId, tenant],
    );
    if (row === undefined) return 'unknown';
    return row.over ? 'over' : 'live';
  }

  private async readAll({ tenant, runId, after, limit }: EventsRequest): Promise<EventsBatch> {
    const rows = await this.select('run_id = $1 AND tenant_id = $2 AND seq > $3', 4, [runId, tenant, after, limit]);
    return batchOf(rows, after, rows.at(-1)?.seq ?? after, isCut(rows, limit), undefined);
  }

  /** `head` is read first: rows that commit in between belong to the next read. */
  private async readTypes({ tenant, runId, after, limit }: EventsRequest, types: ReadonlySet<RunEventType>): Promise<EventsBatch> {
    const [{ head } = { head: null }] = await this.dataSource.query<{ head: number | null }[]>(
      'SELECT max(seq) AS head FROM run_events WHERE run_id = $1 AND tenant_id = $2',
      [runId, tenant],
    );
    if (head === null || head <= after) return { events: [], position: after, more: false, ended: false };
    const until = Math.min(head, after + FILTER_WINDOW);
    const rows = await this.select(
      'run_id = $1 AND tenant_id = $2 AND seq > $3 AND seq <= $4 + 1 AND seq - span < $4 AND type = ANY($5)',
      6,
      [runId, tenant, after, until, rowTypesFor(types), limit],
    );
    // A row that begins inside the window may end one past it; the position never splits a row that was read.
    const last = rows.at(-1)?.seq ?? 0;
    const position = isCut(rows, limit) ? last : Math.max(until, last);
    return batchOf(rows, after, position, position < head, types);
  }

  private select(condition: string, limitParameter: number, parameters: readonly unknown[]): Promise<ScannedRow[]> {
    const selection = `SELECT * FROM run_events WHERE ${condition} ORDER BY seq LIMIT $${limitParameter}`;
    return this.dataSource.query(`SELECT ${EVENT_COLUMNS}, e.scanned FROM ${withinBytes(selection, 'seq')} AS e ORDER BY e.seq`, [
      ...parameters,
    ]);
  }
}

interface ScannedRow extends EventRow {
  readonly scanned: number;
}

/** Whether a read stopped at its limit of rows or bytes. */
function isCut(rows: readonly ScannedRow[], limit: number): boolean {
  const scanned = rows[0]?.scanned ?? 0;
  return scanned === limit || rows.length < scanned;
}

function batchOf(
  rows: readonly EventRow[],
  after: number,
  position: number,
  more: boolean,
  types: ReadonlySet<RunEventType> | undefined,
): EventsBatch {
  const events: RunEvent[] = [];
  for (const row of rows) {
    for (const event of eventsOfRow(row)) {
      if (event.seq > after && (types === undefined || types.has(event.type))) events.push(event);
    }
  }
  const last = rows.at(-1);
  return { events, position, more, ended: last !== undefined && TERMINAL_EVENT_TYPES.has(last.type) };
}
