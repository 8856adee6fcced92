import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { MeshHitl } from './hitl.service.js';
import { DecideMeshDto } from './meshflow.dto.js';
import { DECIDED, PAUSED_RUNS } from './schemas.js';

const RunId = ApiParam({ name: 'run_id', format: 'uuid' });

@ApiTags('Human in the loop')
@Controller('compat/meshflow')
export class MeshHitlController {
  constructor(private readonly hitl: MeshHitl) {}

  @Post('runs/:run_id/approve')
  @HttpCode(200)
  @Endpoint({
    access: 'approvals.decide',
    operationId: 'approveRun',
    summary: 'Decide about a run that waits for it: approve, unless the body says `reject`',
  })
  @RunId
  @ApiBody({ type: DecideMeshDto, required: false })
  @ApiOkResponse({ schema: DECIDED })
  approveRun(@CurrentPrincipal() principal: Principal, @Param('run_id') id: string, @Body() body: DecideMeshDto): Promise<object> {
    return this.hitl.decide(principal, id, body.decision?.startsWith('reject') === true ? 'rejected' : 'approved', body);
  }

  @Get('hitl/pending')
  @Endpoint({ access: 'approvals.read', operationId: 'listPaused', summary: 'Runs that wait for people' })
  @ApiOkResponse({ schema: PAUSED_RUNS })
  async listPaused(@CurrentPrincipal() principal: Principal): Promise<object> {
    return { paused_runs: await this.hitl.pending(principal) };
  }

  @Post('hitl/:run_id/approve')
  @HttpCode(200)
  @Endpoint({ access: 'approvals.decide', operationId: 'approve', summary: 'Let a run that waits go on' })
  @RunId
  @ApiBody({ type: DecideMeshDto, required: false })
  @ApiOkResponse({ schema: DECIDED })
  approve(@CurrentPrincipal() principal: Principal, @Param('run_id') id: string, @Body() body: DecideMeshDto): Promise<object> {
    return this.hitl.decide(principal, id, 'approved', body);
  }

  @Post('hitl/:run_id/reject')
  @HttpCode(200)
  @Endpoint({ access: 'approvals.decide', operationId: 'reject', summary: 'Refuse what a run waits to do' })
  @RunId
  @ApiBody({ type: DecideMeshDto, required: false })
  @ApiOkResponse({ schema: DECIDED })
  reject(@CurrentPrincipal() principal: Principal, @Param('run_id') id: string, @Body() body: DecideMeshDto): Promise<object> {
    return this.hitl.decide(principal, id, 'rejected', body);
  }
}
