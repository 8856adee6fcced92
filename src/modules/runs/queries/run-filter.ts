import { type RunStatus, TERMINAL_RUN_STATUSES, type TerminalRunStatus } from '../../../engine/index.js';
import { firstIdOf } from '../partitions/partition-ranges.js';

/** Which of a tenant's runs are meant. Absent members do not narrow. */
export interface RunFilter {
  readonly tenant: string;
  readonly workflowIds?: readonly string[] | undefined;
  readonly agent?: string | undefined;
  readonly tag?: string | undefined;
  readonly trigger?: string | undefined;
  readonly parent?: string | undefined;
  /** Created at or after. */
  readonly since?: Date | undefined;
  /** Created before. */
  readonly until?: Date | undefined;
}

/** A filter as callers give it: the workflow by id or name. */
export type RunSelection = Omit<RunFilter, 'workflowIds'> & { readonly workflow?: string | undefined };

/** Collects the values of a statement's parameters. */
export class SqlParameters {
  readonly values: unknown[] = [];

  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** Run ids are made when a run is submitted, or reserved by an idempotency key a little before. */
const ID_AHEAD_OF_CREATION_MS = 24 * 60 * 60 * 1000;

/** Conditions over `runs r`. The time bounds also bound the id, which is time, so that they narrow the index scan. */
export function runConditions(filter: RunFilter, parameters: SqlParameters): string[] {
  const conditions = [`r.tenant_id = ${parameters.add(filter.tenant)}`];
  const [workflowId, ...others] = filter.workflowIds ?? [];
  if (workflowId !== undefined && others.length === 0) conditions.push(`r.workflow_id = ${parameters.add(workflowId)}`);
  else if (filter.workflowIds !== undefined) conditions.push(`r.workflow_id = ANY(${parameters.add(filter.workflowIds)}::uuid[])`);
  if (filter.agent !== undefined) conditions.push(`r.kind = 'agent' AND r.subject_name = ${parameters.add(filter.agent)}`);
  if (filter.tag !== undefined) conditions.push(`r.tags @> ARRAY[${parameters.add(filter.tag)}::text]`);
  if (filter.trigger !== undefined) conditions.push(`r.trigger = ${parameters.add(filter.trigger)}`);
  if (filter.parent !== undefined) conditions.push(`r.parent_run_id = ${parameters.add(filter.parent)}`);
  if (filter.since !== undefined) {
    conditions.push(`r.created_at >= ${parameters.add(filter.since)}`);
    conditions.push(`r.id >= ${parameters.add(firstIdOf(filter.since.getTime() - ID_AHEAD_OF_CREATION_MS))}`);
  }
  if (filter.until !== undefined) {
    conditions.push(`r.created_at < ${parameters.add(filter.until)}`);
    conditions.push(`r.id < ${parameters.add(firstIdOf(filter.until.getTime()))}`);
  }
  return conditions;
}

export type LiveStatus = Exclude<RunStatus, TerminalRunStatus>;

/** Of `live_runs l`: how each status of a run that is not over shows. */
export const LIVE_CONDITIONS: Readonly<Record<LiveStatus, string>> = {
  pending: 'l.cancel_requested_at IS NULL AND l.started_at IS NULL',
  running: "l.cancel_requested_at IS NULL AND l.started_at IS NOT NULL AND l.state <> 'waiting'",
  waiting: "l.cancel_requested_at IS NULL AND l.started_at IS NOT NULL AND l.state = 'waiting'",
  cancelling: 'l.cancel_requested_at IS NOT NULL',
};

/** How a run's derived status is asked for: over when `runs` says so, else as `live_runs l` tells; see `run_overview`. */
export function statusConditions(statuses: readonly RunStatus[]): { over: string | null; live: string | null } {
  const over = TERMINAL_RUN_STATUSES.filter((status) => statuses.includes(status));
  const live = Object.entries(LIVE_CONDITIONS).filter(([status]) => (statuses as readonly string[]).includes(status));
  return {
    over: over.length === 0 ? null : `r.status IN (${over.map((status) => `'${status}'`).join(', ')})`,
    live: live.length === 0 ? null : `(${live.map(([, condition]) => `(${condition})`).join(' OR ')})`,
  };
}
