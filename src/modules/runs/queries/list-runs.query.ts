import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { RunStatus } from '../../../engine/index.js';
import { runConditions, SqlParameters, statusConditions, type RunFilter } from './run-filter.js';
import type { RunRow } from './run-row.js';

export interface ListRunsRequest {
  readonly filter: RunFilter;
  /** Empty means every status. */
  readonly statuses: readonly RunStatus[];
  /** The id the page before ended with. */
  readonly before: string | null;
  /** Rows to read. */
  readonly limit: number;
}

/**
 * Lists runs newest first. Ids are time, so the list walks an index backwards from the cursor and costs the same at any
 * depth. Live statuses are asked of the narrow table of live runs, terminal ones of `runs`, each branch with its own limit.
 */
@Injectable()
export class ListRunsQuery {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async execute(request: ListRunsRequest): Promise<RunRow[]> {
    const parameters = new SqlParameters();
    const conditions = runConditions(request.filter, parameters);
    const before = request.before === null ? null : parameters.add(request.before);
    if (before !== null) conditions.push(`r.id < ${before}`);
    const limit = parameters.add(request.limit);
    const where = conditions.join(' AND ');

    const { over, live } = statusConditions(request.statuses);
    const branches: string[] = [];
    if (over === null && live === null) branches.push(`(SELECT r.id FROM runs r WHERE ${where} ORDER BY r.id DESC LIMIT ${limit})`);
    if (over !== null) branches.push(`(SELECT r.id FROM runs r WHERE ${where} AND ${over} ORDER BY r.id DESC LIMIT ${limit})`);
    if (live !== null) {
      const bound = before === null ? '' : ` AND l.run_id < ${before}`;
      branches.push(
        `(SELECT l.run_id AS id FROM live_runs l JOIN runs r ON r.id = l.run_id
          WHERE ${where} AND l.tenant_id = r.tenant_id${bound} AND ${live} ORDER BY l.run_id DESC LIMIT ${limit})`,
      );
    }
    return this.dataSource.query<RunRow[]>(
      `SELECT o.* FROM (SELECT id FROM (${branches.join(' UNION ALL ')}) AS branch ORDER BY id DESC LIMIT ${limit}) AS page
       JOIN run_overview o ON o.id = page.id ORDER BY o.id DESC`,
      parameters.values,
    );
  }
}
