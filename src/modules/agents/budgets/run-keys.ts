import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';

/** Deeper than runs may nest and longer than anybody resumes. */
const MAX_LINE = 1_000;

/** The first row of a run's journal is the one that begins at 1. */
const KEY = `
  WITH RECURSIVE line AS (
    SELECT r.id, coalesce(r.parent_run_id, r.resumed_from) AS origin, 1 AS nth FROM runs r WHERE r.id = $1
    UNION ALL
    SELECT r.id, coalesce(r.parent_run_id, r.resumed_from), l.nth + 1 FROM line l JOIN runs r ON r.id = l.origin WHERE l.nth < ${MAX_LINE}
  )
  SELECT first.key FROM line l CROSS JOIN LATERAL (
    SELECT e.data ->> 'key_id' AS key FROM run_events e WHERE e.run_id = l.id AND e.seq = e.span LIMIT 1
  ) AS first WHERE first.key IS NOT NULL ORDER BY l.nth LIMIT 1`;

/** Whose runs are whose. */
@Injectable()
export class RunKeys {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** The API key that asked for the run, or for the one that it comes of; null where no key did, as with triggers. */
  async keyOf(runId: string): Promise<string | null> {
    const [row] = await this.dataSource.query<{ key: string }[]>(KEY, [runId]);
    return row?.key ?? null;
  }
}
