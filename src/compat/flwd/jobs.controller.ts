import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { JobsService } from '../../modules/workflows/index.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { everyPage, listOf, objectOf, orInstead } from '../kit/index.js';
import { ListFlwdJobsDto } from './flwd.dto.js';
import { jobDetail, jobItem } from './job-views.js';
import { jobNotFound } from './problems.js';
import { JOB, JOB_DETAIL } from './schemas.js';

@ApiTags('Jobs')
@Controller('compat/flwd/api/v1/jobs')
export class FlwdJobsController {
  constructor(private readonly jobs: JobsService) {}

  @Get()
  @Endpoint({ access: 'workflows.read', operationId: 'listJobs', summary: 'List jobs' })
  @ApiOkResponse({ schema: objectOf({ jobs: listOf(JOB) }) })
  async listJobs(@CurrentPrincipal() principal: Principal, @Query() { source, namespace }: ListFlwdJobsDto): Promise<object> {
    const filter = { ...(source === undefined ? {} : { source }), ...(namespace === undefined ? {} : { namespace }) };
    const jobs = await everyPage((page) => this.jobs.list(principal, { ...filter, ...page }));
    return { jobs: jobs.map(jobItem) };
  }

  @Get('*job_id')
  @Endpoint({ access: 'workflows.read', operationId: 'getJob', summary: 'Get job details' })
  @ApiParam({ name: 'job_id', description: 'With its slashes: `backup/daily`', example: 'backup/daily' })
  @ApiOkResponse({ schema: JOB_DETAIL })
  async getJob(@CurrentPrincipal() principal: Principal, @Param('job_id') segments: string | string[]): Promise<object> {
    const id = Array.isArray(segments) ? segments.join('/') : segments;
    return jobDetail(await orInstead(this.jobs.get(principal, id), jobNotFound(id)));
  }
}
