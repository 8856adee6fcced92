import { Injectable } from '@nestjs/common';
import { isTerminal, type JsonObject, type SerializedError } from '../../engine/index.js';
import { type RunDto, StartRunService } from '../../modules/runs/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import type { Principal } from '../../platform/http/permissions.js';
import { orInstead } from '../kit/index.js';
import { idOfName, nodeIdOf } from './ids.js';
import { executionFailed, workflowNotFound } from './problems.js';
import { FlowEngineWorkflows } from './workflows.service.js';

export interface Executed {
  readonly execution_id: string;
  readonly completed_nodes: number;
  readonly total_nodes: number;
}

/** Runs as FlowEngine executes workflows: whoever asks waits for the end. */
@Injectable()
export class FlowEngineExecutions {
  constructor(
    private readonly workflows: FlowEngineWorkflows,
    private readonly starter: StartRunService,
  ) {}

  /** Throws 500 for a run that does not end well. `signal` ends the waiting, never the run. */
  async execute(principal: Principal, id: string, inputs: JsonObject, signal: AbortSignal, reservedId?: string): Promise<Executed> {
    const { id: workflow } = await this.workflows.find(principal, id);
    const started = this.starter.start(
      { tenant: principal.tenant, workflow, inputs, trigger: 'api', id: reservedId },
      { timeoutMs: Number.POSITIVE_INFINITY, signal },
    );
    const run = await orInstead(started, workflowNotFound(id));
    if (!isTerminal(run.status)) throw new AppError(503, 'draining', `the server is shutting down, and execution ${run.id} goes on`);
    if (run.status !== 'success') throw executionFailed(reasonOf(run));
    return { execution_id: run.id, completed_nodes: run.progress.completed, total_nodes: run.progress.total };
  }
}

function reasonOf({ status, error, workflow, timeout_ms: limit }: RunDto): string {
  if (status === 'cancelled') return 'Execution error: Cancelled';
  if (error?.code === 'run_timeout' && limit !== null) return `Execution error: Timeout after ${limit / 1_000}s`;
  return error?.step === undefined ? `Workflow error: ${error?.message ?? 'failed'}` : nodeFailure(error, error.step, workflow?.name ?? '');
}

function nodeFailure({ message }: SerializedError, step: string, workflow: string): string {
  return `Execution error: Node ${idOfName(workflow) === null ? step : nodeIdOf(step)} failed: ${message}`;
}
