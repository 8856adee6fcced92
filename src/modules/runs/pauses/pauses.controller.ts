import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../platform/http/api-problems.js';
import { CurrentPrincipal, Endpoint } from '../../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { PauseWorkflowDto, WorkflowPauseDto } from './pause.dto.js';
import { PausesService } from './pauses.service.js';

const Ref = ApiParam({
  name: 'ref',
  description: 'Id of the workflow, or its name, URL-encoded: `demo%2Forders`',
  example: 'demo%2Forders',
});

@ApiTags('workflows')
@Controller('workflows')
export class PausesController {
  constructor(private readonly service: PausesService) {}

  @Post(':ref/pause')
  @HttpCode(200)
  @Endpoint({
    access: 'workflows.write',
    operationId: 'pauseWorkflow',
    summary: 'Let no further run of a workflow start',
    description:
      'New runs are accepted and stay `pending`, whoever starts them: callers, triggers, other workflows. Runs that have started go on. ' +
      'A workflow that is paused stays so, as whoever was first wanted it.',
  })
  @Ref
  @ApiBody({ type: PauseWorkflowDto, required: false })
  @ApiOkResponse({ type: WorkflowPauseDto, description: 'It is paused' })
  @ApiProblems(400, 404, 413, 415, 422)
  pauseWorkflow(
    @CurrentPrincipal() principal: Principal,
    @Param('ref') ref: string,
    @Body() body: PauseWorkflowDto,
  ): Promise<WorkflowPauseDto> {
    return this.service.pause(principal, ref, body.reason ?? null);
  }

  @Post(':ref/resume')
  @HttpCode(200)
  @Endpoint({
    access: 'workflows.write',
    operationId: 'resumeWorkflow',
    summary: 'Let the runs of a paused workflow start',
    description:
      'What was held back starts in the order of its creation. The id of a deleted workflow is understood as well: deleting one does not end its pause.',
  })
  @Ref
  @ApiOkResponse({ type: WorkflowPauseDto, description: 'It is not paused' })
  @ApiProblems(404)
  resumeWorkflow(@CurrentPrincipal() principal: Principal, @Param('ref') ref: string): Promise<WorkflowPauseDto> {
    return this.service.resume(principal, ref);
  }
}
