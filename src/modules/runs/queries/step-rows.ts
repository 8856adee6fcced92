import type { RunEventType } from '../../../engine/index.js';

/** Types of the rows that end a step; at most one per path and run attempt. */
export const SETTLING_TYPES = ['step.completed', 'step.failed', 'step.skipped', 'step.cancelled'] as const satisfies RunEventType[];

/** Types of the rows that leave a step open. */
export const OPENING_TYPES = ['step.started', 'step.retrying', 'step.waiting'] as const satisfies RunEventType[];

export type SettlingType = (typeof SETTLING_TYPES)[number];
export type OpeningType = (typeof OPENING_TYPES)[number];

/** A path of a node of the definition, not of a fan-out's item or of a step inside a node. */
export const NODE_LEVEL_PATH = String.raw`^[^\[/#]+$`;

function quoted(types: readonly string[]): string {
  return types.map((type) => `'${type}'`).join(', ');
}

export const SETTLING_SQL = quoted(SETTLING_TYPES);
export const OPENING_SQL = quoted(OPENING_TYPES);
export const LIFECYCLE_SQL = quoted([...SETTLING_TYPES, ...OPENING_TYPES]);

export function isNodePath(path: string): boolean {
  return NODE_LEVEL.test(path);
}
const NODE_LEVEL = new RegExp(NODE_LEVEL_PATH);
