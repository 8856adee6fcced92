import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { isTerminal, type JsonObject, type SerializedError } from '../../engine/index.js';
import { type RunDto, StartRunService } from '../../modules/runs/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import type { Principal } from '../../platform/http/permissions.js';
import { FlowEngineAudience } from './audience.js';
import { idOfName, nodeIdOf } from './ids.js';
import { executionFailed } from './problems.js';

/** How long those who listen to events may take to be told the end before the answer. */
const TELLING_MS = 2_000;

export interface Executed {
  readonly execution_id: string;
  readonly completed_nodes: number;
  readonly total_nodes: number;
}

/** Runs as FlowEngine executes workflows: whoever asks waits for the end. */
@Injectable()
export class FlowEngineExecutions {
  constructor(
    private readonly starter: StartRunService,
    private readonly audience: FlowEngineAudience,
  ) {}

  /** Throws 500 for a run that does not end well. `signal` ends the waiting, never the run. */
  async execute(
    { tenant, keyId }: Principal,
    workflow: string,
    inputs: JsonObject,
    signal: AbortSignal,
    id: string = uuidv7(),
  ): Promise<Executed> {
    const end = this.audience.expectEnd(tenant, id);
    try {
      const wait = { timeoutMs: Number.POSITIVE_INFINITY, signal };
      const run = await this.starter.start({ tenant, keyId, workflow, inputs, trigger: 'api', id }, wait);
      if (isTerminal(run.status)) await end.within(TELLING_MS);
      return executed(run);
    } finally {
      end.forget();
    }
  }
}

function executed(run: RunDto): Executed {
  const { id, status, progress } = run;
  if (!isTerminal(status)) throw new AppError(503, 'draining', `the server is shutting down, and execution ${id} goes on`);
  if (status !== 'success') throw executionFailed(reasonOf(run));
  return { execution_id: id, completed_nodes: progress.completed, total_nodes: progress.total };
}

function reasonOf({ status, error, workflow, timeout_ms: limit }: RunDto): string {
  if (status === 'cancelled') return 'Execution error: Cancelled';
  if (error?.code === 'run_timeout' && limit !== null) return `Execution error: Timeout after ${limit / 1_000}s`;
  return error?.step === undefined ? `Workflow error: ${error?.message ?? 'failed'}` : nodeFailure(error, error.step, workflow?.name ?? '');
}

function nodeFailure({ message }: SerializedError, step: string, workflow: string): string {
  return `Execution error: Node ${idOfName(workflow) === null ? step : nodeIdOf(step)} failed: ${message}`;
}
