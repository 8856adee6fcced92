import type { Json, JsonObject, RunStatus, StepStatus } from '../../engine/index.js';
import type { Approval } from '../../modules/approvals/index.js';
import type { RunDto, StepRecord } from '../../modules/runs/index.js';
import type { WorkflowDetailDto } from '../../modules/workflows/index.js';

const DEFAULT_NAMESPACE = 'default';

const RUN_STATUS: Readonly<Record<RunStatus, string>> = {
  pending: 'running',
  running: 'running',
  waiting: 'suspended',
  cancelling: 'running',
  success: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
};
/** Failures that have a status of their own. */
const FAILURES: Readonly<Record<string, string>> = {
  run_timeout: 'timed_out',
  rejected: 'rejected',
  approval_expired: 'expired',
};
const STEP_STATUS: Readonly<Record<StepStatus, string>> = {
  pending: 'pending',
  running: 'running',
  waiting: 'suspended',
  success: 'success',
  failed: 'error',
  skipped: 'skipped',
  cancelled: 'error',
};

/** Without the namespace where that is the usual one. */
export function workflowName(full: string): string {
  return full.startsWith(`${DEFAULT_NAMESPACE}/`) ? full.slice(DEFAULT_NAMESPACE.length + 1) : full;
}

export function workflowView({ name, version, namespace, description, definition }: WorkflowDetailDto): object {
  const { settings, triggers, nodes, states } = definition as unknown as Definition;
  const timeout = settings?.timeout_ms;
  return {
    name: workflowName(name),
    version: String(version),
    namespace,
    description: description ?? '',
    trigger: triggers?.[0] ?? null,
    timeout_seconds: timeout === undefined ? null : timeout / 1_000,
    steps:
      nodes?.map((node) => ({ name: node.id, type: node.type })) ??
      Object.entries(states ?? {}).map(([state, { type }]) => ({ name: state, type })),
  };
}

interface Definition {
  readonly settings?: { readonly timeout_ms?: number };
  readonly triggers?: readonly JsonObject[];
  readonly nodes?: readonly { readonly id: string; readonly type: string }[];
  readonly states?: Readonly<Record<string, { readonly type: Json }>>;
}

export function runStatus({ status, error }: Pick<RunDto, 'status' | 'error'>): string {
  return (status === 'failed' ? FAILURES[error?.code ?? ''] : undefined) ?? RUN_STATUS[status];
}

/** What running a workflow has come to. */
export function runResult(run: RunDto, steps: readonly StepRecord[]): object {
  const status = runStatus(run);
  if (status === 'suspended') return { run_id: run.id, status };
  return {
    run_id: run.id,
    workflow_name: nameOf(run),
    status,
    output: run.outputs,
    steps: stepsOf(steps),
    trace: null,
    duration_ms: run.duration_ms,
  };
}

/** How far a run is. */
export function runState(run: RunDto, steps: readonly StepRecord[]): object {
  return {
    run_id: run.id,
    workflow_name: nameOf(run),
    status: runStatus(run),
    current_index: run.progress.completed,
    context: { trigger: run.inputs, steps: stepsOf(steps) },
    error: run.error?.message ?? null,
  };
}

export function approvalItem({ runId, workflow, step, content, rules, createdAt, expiresAt }: Approval): object {
  return {
    run_id: runId,
    workflow_name: workflowName(workflow),
    step_name: step,
    approver: rules.reviewers[0] ?? '',
    prompt: content.message,
    created_at: createdAt.toISOString(),
    expires_at: expiresAt?.toISOString() ?? null,
  };
}

function nameOf({ workflow, agent }: RunDto): string {
  return workflowName(workflow?.name ?? agent?.name ?? '');
}

/** Those of the workflow itself, by their names. */
function stepsOf(steps: readonly StepRecord[]): object {
  return Object.fromEntries(
    steps
      .filter(({ path }) => !path.includes('/'))
      .map(({ path, status, output, error }) => [path, { status: STEP_STATUS[status], output, error: error?.message ?? null }]),
  );
}
