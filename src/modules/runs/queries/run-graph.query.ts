import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { NodeOverlay } from '../../../engine/graph/index.js';
import type { JsonObject } from '../../../engine/index.js';
import { openStep, settledStep } from './step-record.js';
import { isNodePathSql, LIFECYCLE_SQL, SETTLING_TYPES, type OpeningType, type SettlingType } from './step-rows.js';

export interface NodeRow {
  readonly node: string;
  /** The node's own last row; null while only its items or inner steps have rows. */
  readonly type: OpeningType | SettlingType | null;
  readonly attempt: number | null;
  readonly at: Date | null;
  readonly started_at: Date | null;
  readonly data: JsonObject | null;
  /** When its first row, or that of an item, says that it began. */
  readonly began_at: Date;
}

/** How each node of a run's graph fares, from one pass over the run's journal. */
@Injectable()
export class RunGraphQuery {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async overlay(tenant: string, runId: string, restartedAt: number): Promise<Map<string, NodeOverlay>> {
    const rows = await this.dataSource.query<NodeRow[]>(
      `WITH nodes AS (
         SELECT substring(step from '^[^\\[/#]+') AS node, min(coalesce(started_at, at)) AS began_at,
                max(seq) FILTER (WHERE ${isNodePathSql('step')}) AS last
         FROM run_events
         WHERE run_id = $1 AND tenant_id = $2 AND type IN (${LIFECYCLE_SQL}) AND (seq > $3 OR type = 'step.completed')
         GROUP BY 1)
       SELECT n.node, n.began_at, e.type, e.attempt, e.at, e.started_at,
              CASE WHEN e.type IN ('step.waiting', 'step.retrying') THEN e.data END AS data
       FROM nodes n LEFT JOIN run_events e ON e.run_id = $1 AND e.seq = n.last`,
      [runId, tenant, restartedAt],
    );
    const now = new Date();
    return new Map(rows.map((row) => [row.node, overlayOf(row, now)]));
  }
}

/** How a node fares by its last row. */
export function overlayOf(row: NodeRow, now: Date): NodeOverlay {
  const { node: step, type, at } = row;
  const attempt = row.attempt ?? 1;
  const data = row.data ?? {};
  if (type === null || at === null) return { status: 'running', attempts: attempt };
  if (!isSettling(type)) return { status: openStep({ step, type, attempt, began_at: row.began_at, data }, now).status, attempts: attempt };
  const { status } = settledStep({ step, type, attempt, at, started_at: row.started_at, data });
  return { status, attempts: attempt, duration_ms: status === 'skipped' ? null : Math.max(0, at.getTime() - row.began_at.getTime()) };
}

function isSettling(type: OpeningType | SettlingType): type is SettlingType {
  return (SETTLING_TYPES as readonly string[]).includes(type);
}
