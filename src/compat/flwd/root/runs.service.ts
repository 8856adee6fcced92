import { Injectable } from '@nestjs/common';
import { type RunDto, RunsService, StartRunService } from '../../../modules/runs/index.js';
import { AppError } from '../../../platform/errors/app-error.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { orInstead } from '../../kit/index.js';
import { jobNotFound } from '../problems.js';
import { jobIdOf } from '../run-views.js';
import { FlwdRuns } from '../runs.service.js';
import { SECURITY_PROFILE } from './job-views.js';
import { RootJobs } from './jobs.service.js';
import type { RootPageDto, RootRequestDto } from './root.dto.js';
import { canceled, rootRun } from './run-views.js';

/** The last run that pages reach: all before a page are read with it. */
const MAX_LISTED = 10_000;

/** Runs as flwd has them at its root. */
@Injectable()
export class RootRuns {
  constructor(
    private readonly runs: RunsService,
    private readonly starter: StartRunService,
    private readonly flwdRuns: FlwdRuns,
    private readonly jobs: RootJobs,
  ) {}

  /** Answers at once. */
  async create(principal: Principal, request: RootRequestDto, reservedId?: string): Promise<object> {
    const { tenant, keyId } = principal;
    const job = await this.jobs.requested(principal, request);
    const inputs = request.args ?? {};
    const run = await orInstead(
      this.starter.start({ tenant, keyId, workflow: job.id, inputs, trigger: 'api', id: reservedId }),
      jobNotFound(job.id),
    );
    return { ...rootRun(run, this.jobs.provenanceOf(tenant, job)), security_profile: SECURITY_PROFILE };
  }

  /** Newest first. */
  async list(principal: Principal, { page, per_page: size }: RootPageDto): Promise<object[]> {
    if (page * size > MAX_LISTED) throw new AppError(400, 'invalid_pagination', `pages end at the ${MAX_LISTED}th run`);
    const runs = await this.runs.list({ tenant: principal.tenant }, [], { before: null, limit: page * size });
    const shown = runs.slice((page - 1) * size);
    const provenances = await this.jobs.provenances(principal, shown.map(jobIdOf));
    return shown.map((run) => rootRun(run, provenances.get(jobIdOf(run)) ?? {}));
  }

  async get(principal: Principal, id: string): Promise<object> {
    const { run, provenance } = await this.find(principal, id);
    return rootRun(run, provenance);
  }

  async find(principal: Principal, id: string): Promise<{ readonly runId: string; readonly run: RunDto; readonly provenance: object }> {
    const { runId, run } = await this.flwdRuns.find(principal, id);
    const jobId = jobIdOf(run);
    const provenances = await this.jobs.provenances(principal, [jobId]);
    return { runId, run, provenance: provenances.get(jobId) ?? {} };
  }

  /** What is over stays what it is. */
  async cancel(principal: Principal, id: string): Promise<{ readonly over: boolean; readonly run: object }> {
    const { runId, run, provenance } = await this.find(principal, id);
    const over = run.finished_at !== null;
    if (!over) await this.runs.cancel(principal.tenant, runId, null);
    const view = rootRun(run, provenance);
    return { over, run: over ? view : canceled(view) };
  }
}
