import type { RunStatus } from '../../../engine/index.js';
import type { RunDto, RunSummaryDto } from '../../../modules/runs/index.js';
import { flwdId } from '../ids.js';
import { jobIdOf } from '../run-views.js';
import { EXECUTOR } from './job-views.js';

export const ROOT_STATUSES = ['queued', 'running', 'completed', 'failed', 'canceled'] as const;
type RootStatus = (typeof ROOT_STATUSES)[number];

const STATUS: Readonly<Record<RunStatus, RootStatus>> = {
  pending: 'queued',
  running: 'running',
  waiting: 'running',
  cancelling: 'running',
  success: 'completed',
  failed: 'failed',
  cancelled: 'canceled',
};

export function rootRun(run: RunSummaryDto | RunDto, provenance: object): object {
  return {
    id: flwdId('run', run.id),
    job_id: jobIdOf(run),
    status: STATUS[run.status],
    started_at: run.started_at ?? run.created_at,
    ...(run.finished_at === null ? {} : { finished_at: run.finished_at }),
    ...('inputs' in run ? { result: { resolved_args: run.inputs } } : {}),
    executor: EXECUTOR,
    provenance,
  };
}

/** A run whose cancel was accepted. */
export function canceled(run: object): object {
  return { ...run, status: 'canceled' satisfies RootStatus };
}
