import type { RunStatus, TerminalRunStatus } from '../../engine/index.js';
import type { RunSummaryDto } from '../../modules/runs/index.js';
import { awfNameOf } from './workflow-names.js';

export const HISTORY_STATUSES = ['success', 'completed', 'failed', 'cancelled'] as const;
export type HistoryStatus = (typeof HISTORY_STATUSES)[number];

const STATUS: Readonly<Record<RunStatus, string>> = {
  pending: 'pending',
  running: 'running',
  waiting: 'running',
  cancelling: 'running',
  success: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** How far an execution is. */
export interface Standing {
  readonly step: string;
  /** When something last happened to it. */
  readonly updatedAt: string;
}

export function nameOfRun({ workflow, agent }: Pick<RunSummaryDto, 'workflow' | 'agent'>): string {
  return awfNameOf(workflow?.name ?? agent?.name ?? '').name;
}

export function execution(run: RunSummaryDto, { step, updatedAt }: Standing): object {
  return {
    execution_id: run.id,
    workflow_name: nameOfRun(run),
    status: STATUS[run.status],
    current_step: step,
    started_at: run.started_at ?? run.created_at,
    updated_at: updatedAt,
  };
}

export function historyEntry(run: RunSummaryDto): object {
  return {
    id: `rec-${run.id}`,
    execution_id: run.id,
    workflow_name: nameOfRun(run),
    status: run.status,
    started_at: run.started_at ?? run.created_at,
    completed_at: run.finished_at,
    duration_ms: Math.round(run.duration_ms ?? 0),
  };
}

/** `success` and `completed` are the same. */
export function endingOf(status: HistoryStatus): TerminalRunStatus {
  return status === 'completed' ? 'success' : status;
}
