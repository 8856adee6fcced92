import { isJsonObject, type Json, type RunStatus } from '../../engine/index.js';
import type { RunDto, RunSummaryDto } from '../../modules/runs/index.js';
import { flwdId } from './ids.js';

export const FLWD_STATUSES = ['pending', 'running', 'success', 'failed', 'cancelled'] as const;
export type FlwdStatus = (typeof FLWD_STATUSES)[number];

const STATUS: Readonly<Record<RunStatus, FlwdStatus>> = {
  pending: 'pending',
  running: 'running',
  waiting: 'running',
  cancelling: 'running',
  success: 'success',
  failed: 'failed',
  cancelled: 'cancelled',
};

export function flwdStatus(status: RunStatus): FlwdStatus {
  return STATUS[status];
}

/** The statuses of ours that flwd shows as one. */
export function statusesOf(status: FlwdStatus): RunStatus[] {
  return (Object.keys(STATUS) as RunStatus[]).filter((ours) => STATUS[ours] === status);
}

/** What a run is a run of; agents are jobs by their names. */
export function jobIdOf({ workflow, agent }: Pick<RunSummaryDto, 'workflow' | 'agent'>): string {
  return workflow?.name ?? agent?.name ?? '';
}

export function runItem(run: RunSummaryDto): object {
  return {
    run_id: flwdId('run', run.id),
    job_id: jobIdOf(run),
    status: flwdStatus(run.status),
    created_at: run.created_at,
    finished_at: run.finished_at,
  };
}

export function runDetail(run: RunDto): object {
  return {
    ...runItem(run),
    args: run.inputs,
    result: run.status === 'success' ? resultOf(run.outputs) : null,
    ...(run.error === null ? {} : { error: { code: run.error.code, message: run.error.message } }),
  };
}

/** What a job's scripts leave has the form already; other workflows' outputs are the value. */
function resultOf(outputs: Json): object {
  return isJsonObject(outputs) && 'value' in outputs && typeof outputs['exit_code'] === 'number' ? outputs : { value: outputs };
}

/** The answer to the creation of a run, which may be over by then. */
export function createdRun(run: RunDto): object {
  if (run.finished_at !== null) return runDetail(run);
  return { run_id: flwdId('run', run.id), job_id: jobIdOf(run), status: flwdStatus(run.status), created_at: run.created_at };
}
