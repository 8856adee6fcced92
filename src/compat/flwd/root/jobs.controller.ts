import { Body, Controller, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { CurrentPrincipal, Endpoint } from '../../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { RootJobs } from './jobs.service.js';
import { RootPageDto, RootRequestDto } from './root.dto.js';
import { ROOT_JOBS, ROOT_PLAN } from './schemas.js';

@ApiTags('Root: jobs')
@Controller('compat/flwd')
export class RootJobsController {
  constructor(private readonly jobs: RootJobs) {}

  @Get('jobs')
  @Endpoint({ access: 'workflows.read', operationId: 'rootListJobs', summary: 'List jobs by their ids' })
  @ApiOkResponse({ schema: ROOT_JOBS, headers: { 'X-Flowd-Discovery-Errors': { schema: { type: 'integer' } } } })
  listJobs(
    @CurrentPrincipal() principal: Principal,
    @Query() query: RootPageDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object[]> {
    response.setHeader('X-Flowd-Discovery-Errors', this.jobs.discoveryErrors(principal.tenant));
    return this.jobs.list(principal, query);
  }

  @Post('plans')
  @HttpCode(200)
  @Endpoint({ access: 'workflows.read', operationId: 'rootPlan', summary: 'Tell what a run would be, and start none' })
  @ApiBody({ type: RootRequestDto })
  @ApiOkResponse({ schema: ROOT_PLAN })
  plan(@CurrentPrincipal() principal: Principal, @Body() body: RootRequestDto): Promise<object> {
    return this.jobs.plan(principal, body);
  }
}
