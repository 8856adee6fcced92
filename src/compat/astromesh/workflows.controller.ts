import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { callerSignal } from '../../platform/http/caller-signal.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { AstromeshApprovalsDto, AstromeshDecisionDto, AstromeshResumeDto, AstromeshWorkflowRunDto } from './astromesh.dto.js';
import { APPROVALS, RUN_RESULT, RUN_STANDING, RUN_STATE, WORKFLOW, WORKFLOWS } from './schemas.js';
import { AstromeshWorkflowRuns } from './workflow-runs.service.js';
import { AstromeshWorkflows } from './workflows.service.js';

@ApiTags('Workflows')
@Controller('compat/astromesh/v1/workflows')
export class AstromeshWorkflowsController {
  constructor(
    private readonly workflows: AstromeshWorkflows,
    private readonly runs: AstromeshWorkflowRuns,
  ) {}

  @Get()
  @Endpoint({ access: 'workflows.read', operationId: 'listWorkflows', summary: 'List workflows' })
  @ApiOkResponse({ schema: WORKFLOWS })
  async listWorkflows(@CurrentPrincipal() principal: Principal): Promise<object> {
    return { workflows: await this.workflows.list(principal) };
  }

  @Get('approvals')
  @Endpoint({ access: 'approvals.read', operationId: 'listApprovals', summary: 'List what runs ask people' })
  @ApiOkResponse({ schema: APPROVALS })
  async listApprovals(@CurrentPrincipal() { tenant }: Principal, @Query() { approver }: AstromeshApprovalsDto): Promise<object> {
    return { approvals: await this.runs.approvals(tenant, approver) };
  }

  @Get('runs/:run_id')
  @Endpoint({ access: 'runs.read', operationId: 'getWorkflowRun', summary: 'Get a run' })
  @ApiOkResponse({ schema: RUN_STATE })
  getWorkflowRun(@CurrentPrincipal() { tenant }: Principal, @Param('run_id') id: string): Promise<object> {
    return this.runs.state(tenant, id);
  }

  @Post('runs/:run_id/resume')
  @HttpCode(200)
  @Endpoint({ access: 'runs.signal', operationId: 'resumeWorkflowRun', summary: 'Give a run what it waits for' })
  @ApiOkResponse({ schema: RUN_STANDING })
  resumeWorkflowRun(
    @CurrentPrincipal() { tenant }: Principal,
    @Param('run_id') id: string,
    @Body() { payload = {} }: AstromeshResumeDto,
  ): Promise<object> {
    return this.runs.resume(tenant, id, payload);
  }

  @Post('runs/:run_id/approve')
  @HttpCode(200)
  @Endpoint({ access: 'approvals.decide', operationId: 'approveWorkflowRun', summary: 'Approve what a run waits for' })
  @ApiOkResponse({ schema: RUN_STANDING })
  approveWorkflowRun(
    @CurrentPrincipal() principal: Principal,
    @Param('run_id') id: string,
    @Body() { comment }: AstromeshDecisionDto,
  ): Promise<object> {
    return this.runs.decide(principal, id, 'approved', comment);
  }

  @Post('runs/:run_id/reject')
  @HttpCode(200)
  @Endpoint({ access: 'approvals.decide', operationId: 'rejectWorkflowRun', summary: 'Reject what a run waits for' })
  @ApiOkResponse({ schema: RUN_STANDING })
  rejectWorkflowRun(
    @CurrentPrincipal() principal: Principal,
    @Param('run_id') id: string,
    @Body() { comment }: AstromeshDecisionDto,
  ): Promise<object> {
    return this.runs.decide(principal, id, 'rejected', comment);
  }

  @Get(':name')
  @Endpoint({ access: 'workflows.read', operationId: 'getWorkflow', summary: 'Get a workflow' })
  @ApiOkResponse({ schema: WORKFLOW })
  getWorkflow(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<object> {
    return this.workflows.get(principal, name);
  }

  @Post(':name/run')
  @HttpCode(200)
  @Endpoint({
    access: 'runs.create',
    operationId: 'runWorkflow',
    summary: 'Run a workflow',
    description: 'Answers when the run is over, or waits for somebody.',
  })
  @Idempotent()
  @ApiOkResponse({ schema: RUN_RESULT })
  runWorkflow(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Body() body: AstromeshWorkflowRunDto,
    @ReservedId() id: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    return this.workflows.run(principal, { name, body, id }, callerSignal(response));
  }
}
