import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { type Json, type JsonObject, type OutputRef, outputRefOf } from '../../../engine/index.js';
import { MAX_BYTES_PER_READ, withinBytes } from '../feed/event-row.js';
import { OutputReader } from './output-reader.js';
import { fanOutSize, openStep, settledStep, type OpenStepRow, type SettledStepRow, type StepRecord } from './step-record.js';
import { OPEN_PATHS_SQL, OPENING_SQL, SETTLING_SQL } from './step-rows.js';

/** Where a page of steps ends: among the settled ones, or among those still open. */
export type StepsCursor = { readonly settled: number } | { readonly open: number };

export interface ListStepsRequest {
  readonly tenant: string;
  readonly runId: string;
  /** The run is over, so that no step is open. */
  readonly over: boolean;
  /** Rows of failed and skipped steps up to here belong to an earlier attempt of the run. */
  readonly restartedAt: number;
  readonly cursor: StepsCursor;
  readonly limit: number;
}

export interface StepsPage {
  readonly steps: StepRecord[];
  readonly next: StepsCursor | null;
}

/** A larger fan-out's output is left to its items. */
const MAX_ITEMS_ASSEMBLED = 10_000;

type Sequenced<T> = T & { readonly seq: number };
type SettledRow = Sequenced<SettledStepRow> & { readonly scanned: number };

/**
 * A run's steps in the order they settled, those still open last. Each settled step is one journal row, so a page costs
 * its own length however long the run is; what is open is found by one pass, for the last page of a live run only.
 */
@Injectable()
export class ListStepsQuery {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly outputs: OutputReader,
  ) {}

  async execute(request: ListStepsRequest): Promise<StepsPage> {
    const { cursor, limit } = request;
    const steps: StepRecord[] = [];
    if ('settled' in cursor) {
      const rows = await this.settledRows(request, cursor.settled);
      const shown = shortened(rows.slice(0, limit));
      const last = shown.at(-1);
      steps.push(...(await this.settledSteps(request, shown)));
      if (last !== undefined && (rows[0]?.scanned ?? 0) > shown.length) return { steps, next: { settled: last.seq } };
      if (request.over) return { steps, next: null };
      if (steps.length === limit) return { steps, next: { open: 0 } };
    }
    if (request.over) return { steps, next: null };
    const room = limit - steps.length;
    const open = await this.openRows(request, 'open' in cursor ? cursor.open : 0, room + 1);
    const shown = open.slice(0, room);
    const now = new Date();
    steps.push(...shown.map((row) => openStep(row, now)));
    const last = shown.at(-1);
    return { steps, next: open.length > room && last !== undefined ? { open: last.seq } : null };
  }

  private settledRows({ runId, tenant, restartedAt, limit }: ListStepsRequest, after: number): Promise<SettledRow[]> {
    const selection = `SELECT * FROM run_events
      WHERE run_id = $1 AND tenant_id = $2 AND seq > $3 AND type IN (${SETTLING_SQL}) AND (seq > $4 OR type = 'step.completed')
      ORDER BY seq LIMIT $5`;
    return this.dataSource.query(
      `SELECT seq, step, type, attempt, at, started_at, data, scanned FROM ${withinBytes(selection, 'seq')} AS e ORDER BY seq`,
      [runId, tenant, after, restartedAt, limit + 1],
    );
  }

  private async settledSteps(request: ListStepsRequest, rows: readonly Sequenced<SettledStepRow>[]): Promise<StepRecord[]> {
    const cancelled = rows.filter((row) => row.type === 'step.cancelled').map((row) => row.step);
    const openings = cancelled.length === 0 ? new Map<string, OpenStepRow>() : await this.openingsOf(request, cancelled);
    const steps: StepRecord[] = [];
    for (const row of rows) {
      const items = fanOutSize(row);
      if (items !== null) steps.push(await this.fanOut(request, row, items));
      else steps.push(await this.settled(request.tenant, row, openings.get(row.step)));
    }
    return steps;
  }

  private async settled(tenant: string, row: SettledStepRow, opening: OpenStepRow | undefined): Promise<StepRecord> {
    const step = settledStep(row, opening);
    const ref = largeOutputOf(row);
    return ref === null ? step : { ...step, output: await this.outputs.load(tenant, ref) };
  }

  /** The first row of each path, also when it stands for an attempt that failed. */
  private async openingsOf({ runId, tenant }: ListStepsRequest, paths: readonly string[]): Promise<Map<string, OpenStepRow>> {
    const rows = await this.dataSource.query<OpenStepRow[]>(
      `SELECT DISTINCT ON (step) step, type, attempt, coalesce(started_at, at) AS began_at, data FROM run_events
       WHERE run_id = $1 AND tenant_id = $2 AND step = ANY($3) AND type IN (${OPENING_SQL}) ORDER BY step, seq`,
      [runId, tenant, paths],
    );
    return new Map(rows.map((row) => [row.step, row]));
  }

  /** A fan-out begins with its first item; its output is its items' outputs in order, null for an item without one. */
  private async fanOut({ runId, tenant }: ListStepsRequest, row: Sequenced<SettledStepRow>, items: number): Promise<StepRecord> {
    if (items > MAX_ITEMS_ASSEMBLED) return settledStep(row);
    const found = await this.dataSource.query<{ bytes: string | null; index: number | null; began_at: Date; data: JsonObject | null }[]>(
      `WITH items AS MATERIALIZED (
         SELECT step, coalesce(started_at, at) AS began_at, data FROM run_events
         WHERE run_id = $1 AND tenant_id = $2 AND seq < $3 AND type = 'step.completed' AND step ~ $4),
       size AS (SELECT sum(pg_column_size(data)) AS bytes FROM items)
       SELECT size.bytes, substring(items.step from $4)::int AS index, items.began_at, items.data
       FROM size LEFT JOIN items ON size.bytes < ${MAX_BYTES_PER_READ}`,
      [runId, tenant, row.seq, `^${escapeRegex(row.step)}\\[(\\d+)\\]$`],
    );
    if (Number(found[0]?.bytes ?? 0) >= MAX_BYTES_PER_READ) return settledStep(row);
    const refs = found.map(({ data }) => (data === null ? null : outputRefOf(data)));
    if (refs.reduce((bytes, ref) => bytes + (ref?.size ?? 0), 0) >= MAX_BYTES_PER_READ) return settledStep(row);
    const output: Json[] = Array.from({ length: items }, () => null);
    let began = row.at;
    for (const [at, item] of found.entries()) {
      if (item.index === null) continue;
      const ref = refs[at] ?? null;
      if (item.index < items) output[item.index] = ref === null ? (item.data?.['output'] ?? null) : await this.outputs.load(tenant, ref);
      if (item.began_at < began) began = item.began_at;
    }
    return { ...settledStep({ ...row, started_at: began }), output };
  }

  private openRows({ runId, tenant }: ListStepsRequest, after: number, limit: number): Promise<Sequenced<OpenStepRow>[]> {
    return this.dataSource.query(
      `SELECT p.first AS seq, l.step, l.type, l.attempt, coalesce(f.started_at, f.at) AS began_at, l.data
       FROM (${OPEN_PATHS_SQL} HAVING min(o.seq) > $3 ORDER BY min(o.seq) LIMIT $4) AS p
       JOIN run_events l ON l.run_id = $1 AND l.seq = p.last
       JOIN run_events f ON f.run_id = $1 AND f.seq = p.first
       ORDER BY p.first`,
      [runId, tenant, after, limit],
    );
  }
}

/** The rows whose large outputs fit on a page, at least one. */
function shortened<Row extends SettledStepRow>(rows: readonly Row[]): Row[] {
  let bytes = 0;
  const tooMany = rows.findIndex((row, index) => {
    bytes += largeOutputOf(row)?.size ?? 0;
    return index > 0 && bytes > MAX_BYTES_PER_READ;
  });
  return rows.slice(0, tooMany === -1 ? rows.length : tooMany);
}

function largeOutputOf({ type, data }: SettledStepRow): OutputRef | null {
  return type === 'step.completed' ? outputRefOf(data) : null;
}

function escapeRegex(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{}-]/g, String.raw`\$&`);
}
