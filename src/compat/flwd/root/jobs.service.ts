import { Injectable } from '@nestjs/common';
import type { JsonObject } from '../../../engine/index.js';
import { DEFAULT_TENANT } from '../../../modules/auth/index.js';
import { preparedInputs } from '../../../modules/runs/index.js';
import {
  DefinitionsService,
  type JobDetailDto,
  type JobDto,
  JobsService,
  WorkflowFilesService,
  type WorkflowSourceState,
  WorkflowsService,
} from '../../../modules/workflows/index.js';
import { AppError } from '../../../platform/errors/app-error.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { everyPage, orAbsent, orInstead } from '../../kit/index.js';
import { sourceName } from '../job-views.js';
import { jobNotFound } from '../problems.js';
import { resolvedArgs, takesArguments } from './argspec.js';
import { type Finding, planView, provenance, rootJob, SECURITY_PROFILE } from './job-views.js';
import { sourceNotFound } from './problems.js';
import type { RootPageDto, RootRequestDto } from './root.dto.js';

const API = 'api';

/** Workflows as the jobs of flwd's root: listed, found for a request, and planned. */
@Injectable()
export class RootJobs {
  constructor(
    private readonly jobs: JobsService,
    private readonly files: WorkflowFilesService,
    private readonly workflows: WorkflowsService,
    private readonly definitions: DefinitionsService,
  ) {}

  /** By their ids. */
  async list(principal: Principal, { page, per_page: size }: RootPageDto): Promise<object[]> {
    const all = await everyPage((page) => this.jobs.list(principal, page));
    const sorted = all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    return sorted.slice((page - 1) * size, page * size).map(rootJob);
  }

  /** How many files of the tenant's directories could not be loaded. */
  discoveryErrors(tenant: string): number {
    return tenant === DEFAULT_TENANT ? this.files.loadErrors().length : 0;
  }

  sources(tenant: string): readonly WorkflowSourceState[] {
    return tenant === DEFAULT_TENANT ? this.files.states() : [];
  }

  /** The job that a request is about. Throws what keeps it from being planned or run, but for the values of arguments. */
  async requested(principal: Principal, request: RootRequestDto): Promise<JobDetailDto> {
    const { job_id: jobId, job: alias, args = {}, requested_security_profile: profile } = request;
    const id = jobId ?? alias ?? '';
    if (id === '') throw new AppError(400, 'job_id_required', 'name a job');
    const job = await orInstead(this.jobs.get(principal, id), jobNotFound(id));
    this.checkSource(principal.tenant, job, request);
    if (Object.keys(args).length > 0 && !takesArguments(job.args)) throw new AppError(400, 'job_does_not_accept_arguments', job.id);
    checkProfile(profile);
    return job;
  }

  /** What would be run. */
  async plan(principal: Principal, request: RootRequestDto): Promise<object> {
    const job = await this.requested(principal, request);
    const definition = await this.definitions.resolve(principal.tenant, job.id);
    if (definition === null) throw jobNotFound(job.id);
    const args = preparedInputs(this.definitions, definition, request.args ?? {}, '/args');
    const findings = await this.findings(principal, job);
    return planView(job, resolvedArgs(job.args, args), findings, this.provenanceOf(principal.tenant, job));
  }

  provenanceOf(tenant: string, job: JobDto): object {
    return provenance(job.id, job, this.sources(tenant));
  }

  /** Of runs, whose jobs may be gone. */
  async provenances(principal: Principal, ids: readonly string[]): Promise<Map<string, object>> {
    const sources = this.sources(principal.tenant);
    const distinct = [...new Set(ids)];
    const found = await Promise.all(distinct.map((id) => orAbsent(this.jobs.get(principal, id))));
    return new Map(distinct.map((id, index) => [id, provenance(id, found[index] ?? null, sources)]));
  }

  private checkSource(tenant: string, { id, source }: JobDto, { source: asked }: RootRequestDto): void {
    const name = nameOfSource(asked);
    if (name === undefined || name === sourceName(source)) return;
    const known = name === API || this.sources(tenant).some((each) => sourceName(each.source) === name);
    throw known ? jobNotFound(id) : sourceNotFound(name);
  }

  private async findings(principal: Principal, { id }: JobDto): Promise<Finding[]> {
    const { errors, warnings } = await this.workflows.validateStored(principal, id, undefined, undefined);
    const findings = (faults: typeof errors, level: Finding['level']): Finding[] =>
      faults.map(({ code, message, path }) => ({ code, level, message: path === '' ? message : `${path}: ${message}` }));
    return [...findings(errors, 'error'), ...findings(warnings, 'warning')];
  }
}

function nameOfSource(source: string | JsonObject | undefined): string | undefined {
  const name = typeof source === 'object' ? source['name'] : source;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** Nothing here confines processes, so no request for that may seem to be granted. */
function checkProfile(profile: string | undefined): void {
  if (profile === undefined || profile === '' || profile === SECURITY_PROFILE) return;
  const detail = `the security profile ${profile} cannot be enforced: processes are not confined, so ask for ${SECURITY_PROFILE} or none`;
  throw new AppError(422, 'invalid_security_profile', detail, { extensions: { code: 'E_POLICY' } });
}
