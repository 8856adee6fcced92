import { Injectable } from '@nestjs/common';
import { DEFAULT_TENANT } from '../../modules/auth/index.js';
import { RunsService, StartRunService, type RunDto } from '../../modules/runs/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import type { Principal } from '../../platform/http/permissions.js';
import { orInstead } from '../kit/index.js';
import type { CreateFlwdRunDto, ListFlwdRunsDto } from './flwd.dto.js';
import { flwdId, idOf } from './ids.js';
import { jobNotFound, runNotFound } from './problems.js';
import { jobIdOf, runItem, statusesOf } from './run-views.js';

/** How long a run that is waited for may take; one that takes longer is answered as it is then. */
const WAIT_MS = 300_000;

/** Runs of jobs, as flwd asks for them. */
@Injectable()
export class FlwdRuns {
  constructor(
    private readonly runs: RunsService,
    private readonly starter: StartRunService,
  ) {}

  /** Waits for the end unless the run is asked to be asynchronous. A run that fails while it is waited for is an error of 500. */
  async create(principal: Principal, body: CreateFlwdRunDto, signal: AbortSignal, reservedId?: string): Promise<RunDto> {
    const { job_id: jobId, args = {}, tenant = DEFAULT_TENANT, async = false } = body;
    if (tenant !== DEFAULT_TENANT && tenant !== principal.tenant)
      throw new AppError(403, 'permission_denied', `The key is not of the tenant '${tenant}'`);
    const request = { tenant: principal.tenant, keyId: principal.keyId, workflow: jobId, inputs: args, trigger: 'api', id: reservedId };
    const started = this.starter.start(request, async ? undefined : { timeoutMs: WAIT_MS, signal });
    const run = await orInstead(started, jobNotFound(jobId));
    if (!async && run.status === 'failed') throw executionError(run);
    return run;
  }

  async list({ tenant }: Principal, { job_id: workflow, status, limit, offset }: ListFlwdRunsDto): Promise<object> {
    const selection = { tenant, workflow };
    const statuses = status === undefined ? [] : statusesOf(status);
    const [runs, stats] = await Promise.all([
      this.runs.list(selection, statuses, { before: null, limit: offset + limit }),
      this.runs.stats(selection),
    ]);
    const total = status === undefined ? stats.total : statuses.reduce((sum, each) => sum + stats[each], 0);
    return { runs: runs.slice(offset).map(runItem), total };
  }

  /** Our id of a run of the caller's, and the job it is a run of. */
  async find({ tenant }: Principal, id: string): Promise<{ readonly runId: string; readonly run: RunDto }> {
    const runId = idOf('run', id);
    if (runId === null) throw runNotFound(id);
    return { runId, run: await orInstead(this.runs.get(tenant, runId), runNotFound(id)) };
  }

  /** Cancelling what is over changes nothing; the answer tells how it ended. */
  async cancel(principal: Principal, id: string): Promise<object> {
    const { runId, run } = await this.find(principal, id);
    if (run.finished_at !== null) return { run_id: flwdId('run', runId), status: run.status };
    await this.runs.cancel(principal.tenant, runId, null);
    return { run_id: flwdId('run', runId), status: 'cancelled' };
  }
}

function executionError(run: RunDto): AppError {
  return new AppError(500, 'execution_error', run.error?.message ?? 'the job failed', {
    logLevel: 'debug',
    extensions: { run_id: flwdId('run', run.id), job_id: jobIdOf(run), code: run.error?.code ?? null },
  });
}
