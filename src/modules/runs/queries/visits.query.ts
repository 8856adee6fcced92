import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { NodeOverlay } from '../../../engine/graph/index.js';
import type { JsonObject, WorkflowDefinition } from '../../../engine/index.js';
import { placesOf } from '../../../engine/workflow/index.js';
import { overlayOf } from './run-graph.query.js';
import { LIFECYCLE_SQL, SETTLING_SQL, type OpeningType, type SettlingType } from './step-rows.js';

/** A path without what tells its visits and turns apart, so that there are as many as there are places in the definition. */
const PLACE_SQL = String.raw`replace(regexp_replace(regexp_replace(step, '~\d+|#\d+', '', 'g'), '\[\d+\]', '[]', 'g'), '[]', '[0]')`;

interface LastVisit {
  readonly place: string;
  readonly step: string;
  /** Seq of its last row. */
  readonly last: number;
  readonly began_at: Date;
  readonly type: OpeningType | SettlingType;
  readonly attempt: number;
  readonly at: Date;
  readonly started_at: Date | null;
  readonly data: JsonObject | null;
}

/** How often and when a run came to the vertices of its definition, where it may come to one several times or never. */
@Injectable()
export class VisitsQuery {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** How many vertices the run has been through at least once. */
  async count(tenant: string, runId: string, definition: WorkflowDefinition): Promise<number> {
    const rows = await this.dataSource.query<{ place: string }[]>(
      `SELECT DISTINCT ${PLACE_SQL} AS place FROM run_events WHERE run_id = $1 AND tenant_id = $2 AND type IN (${SETTLING_SQL})`,
      [runId, tenant],
    );
    const vertices = rows.flatMap(({ place }) => placesOf(definition, place).filter(({ own }) => own));
    return new Set(vertices.map(({ vertex }) => vertex)).size;
  }

  /** How each vertex fares at its last visit; `over`: nothing of the run goes on any more. */
  async overlay(tenant: string, runId: string, definition: WorkflowDefinition, over: boolean): Promise<Map<string, NodeOverlay>> {
    const rows = await this.dataSource.query<LastVisit[]>(
      `WITH steps AS (
         SELECT step, min(coalesce(started_at, at)) AS began_at, max(seq) AS last FROM run_events
         WHERE run_id = $1 AND tenant_id = $2 AND type IN (${LIFECYCLE_SQL}) GROUP BY step),
       places AS (
         SELECT DISTINCT ON (place) place, step, began_at, last FROM (SELECT *, ${PLACE_SQL} AS place FROM steps) AS placed
         ORDER BY place, last DESC)
       SELECT p.place, p.step, p.last, p.began_at, e.type, e.attempt, e.at, e.started_at,
              CASE WHEN e.type IN ('step.waiting', 'step.retrying') THEN e.data END AS data
       FROM places p JOIN run_events e ON e.run_id = $1 AND e.seq = p.last`,
      [runId, tenant],
    );
    return overlayOfVisits(
      rows.toSorted((a, b) => a.last - b.last),
      definition,
      over,
    );
  }
}

/** The last row of a visit is its own, but for hooks after it; a visit without one is under way, or was when the run ended. */
function overlayOfVisits(rows: readonly LastVisit[], definition: WorkflowDefinition, over: boolean): Map<string, NodeOverlay> {
  const now = new Date();
  const ended = new Map<string, string>();
  const overlay = new Map<string, NodeOverlay>();
  for (const row of rows) {
    for (const { vertex, visit, own } of placesOf(definition, row.step)) {
      if (own) {
        overlay.set(vertex, overlayOf({ ...row, node: row.step }, now));
        ended.set(vertex, visit);
      } else if (ended.get(vertex) !== visit) {
        overlay.set(vertex, { status: over ? 'cancelled' : 'running', attempts: 1 });
      }
    }
  }
  return overlay;
}
