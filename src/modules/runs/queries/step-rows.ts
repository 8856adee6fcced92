import type { RunEventType } from '../../../engine/index.js';

/** Types of the rows that end a step; at most one per path and run attempt. */
export const SETTLING_TYPES = ['step.completed', 'step.failed', 'step.skipped', 'step.cancelled'] as const satisfies RunEventType[];

/** Types of the rows that leave a step open. */
export const OPENING_TYPES = ['step.started', 'step.retrying', 'step.waiting'] as const satisfies RunEventType[];

export type SettlingType = (typeof SETTLING_TYPES)[number];
export type OpeningType = (typeof OPENING_TYPES)[number];

function quoted(types: readonly string[]): string {
  return types.map((type) => `'${type}'`).join(', ');
}

export const SETTLING_SQL = quoted(SETTLING_TYPES);
export const OPENING_SQL = quoted(OPENING_TYPES);
export const LIFECYCLE_SQL = quoted([...SETTLING_TYPES, ...OPENING_TYPES]);

/** Whether a column's path names a node of a graph, not a fan-out's item or a step inside a node; cheaper than by pattern. */
export function isNodePathSql(column: string): string {
  return `translate(${column}, '[/#', '') = ${column}`;
}

/**
 * The paths of run `$1` of tenant `$2` that are begun and not settled, each with its first and last row since it was last
 * settled (a run that begins anew repeats paths). Few rows open a step, since one that settles fast has but one row.
 */
export const OPEN_PATHS_SQL = `
  SELECT o.step, min(o.seq) AS first, max(o.seq) AS last FROM run_events o
  WHERE o.run_id = $1 AND o.tenant_id = $2 AND o.type IN (${OPENING_SQL})
    AND NOT EXISTS (
      SELECT 1 FROM run_events s WHERE s.run_id = $1 AND s.step = o.step AND s.seq > o.seq AND s.type IN (${SETTLING_SQL}))
  GROUP BY o.step`;

/**
 * Whether the row is about a run that begins anew. As text: Postgres has no operator that gets past a NUL or half a
 * surrogate pair in the document, which the error of the run may hold.
 */
export const IS_RUN_RETRY_SQL = `data::text LIKE '{"reason":"retry_run"%'`;
