import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../platform/http/api-problems.js';
import { CurrentPrincipal, Endpoint } from '../../../platform/http/endpoint.decorator.js';
import { ApiPage, type Page } from '../../../platform/http/page.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { JobDetailDto, JobDto, ListJobsQueryDto } from './job.dto.js';
import { JobsService } from './jobs.service.js';

@ApiTags('jobs')
@Controller('jobs')
export class JobsController {
  constructor(private readonly service: JobsService) {}

  @Get()
  @Endpoint({
    access: 'workflows.read',
    operationId: 'listJobs',
    summary: 'List workflows as jobs, by their ids',
    description: 'Every workflow is a job, also one that came by API.',
  })
  @ApiPage(JobDto)
  @ApiProblems(400, 422)
  listJobs(@CurrentPrincipal() principal: Principal, @Query() query: ListJobsQueryDto): Promise<Page<JobDto>> {
    return this.service.list(principal, query);
  }

  @Get(':namespace/:name')
  @Endpoint({
    access: 'workflows.read',
    operationId: 'getJob',
    summary: 'Read a workflow as a job',
    description: 'The id of the job may also be written as it is: `/jobs/ops/backup/daily`.',
  })
  @ApiParam({ name: 'namespace', description: 'All its levels, URL-encoded: `ops%2Fbackup`', example: 'ops%2Fbackup' })
  @ApiParam({ name: 'name', example: 'daily' })
  @ApiOkResponse({ type: JobDetailDto })
  @ApiProblems(404)
  getJob(
    @CurrentPrincipal() principal: Principal,
    @Param('namespace') namespace: string,
    @Param('name') name: string,
  ): Promise<JobDetailDto> {
    return this.service.get(principal, `${namespace}/${name}`);
  }

  @Get('*id')
  @Endpoint({ access: 'workflows.read', operationId: 'getJobById', summary: 'Read a workflow as a job, by its whole id' })
  @ApiExcludeEndpoint()
  getJobById(@CurrentPrincipal() principal: Principal, @Param('id') id: string | string[]): Promise<JobDetailDto> {
    return this.service.get(principal, Array.isArray(id) ? id.join('/') : id);
  }
}
