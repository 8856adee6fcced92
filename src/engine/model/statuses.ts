/** Every status a run can be seen in. `cancelling` lies between an accepted cancel and its end. */
export const RUN_STATUSES = ['pending', 'running', 'waiting', 'cancelling', 'success', 'failed', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Statuses that are written once and never change again. */
export const TERMINAL_RUN_STATUSES = ['success', 'failed', 'cancelled'] as const;
export type TerminalRunStatus = (typeof TERMINAL_RUN_STATUSES)[number];

export const STEP_STATUSES = ['pending', 'running', 'waiting', 'success', 'failed', 'skipped', 'cancelled'] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

export type SettledStepStatus = Extract<StepStatus, 'success' | 'failed' | 'skipped' | 'cancelled'>;

export function isTerminal(status: RunStatus): status is TerminalRunStatus {
  return status === 'success' || status === 'failed' || status === 'cancelled';
}
