import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { IdPipe } from '../../platform/http/id.pipe.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import type { Verdict } from './approval.js';
import { ApprovalsService } from './approvals.service.js';
import { ApprovalDto, toApproval } from './dto/approval.dto.js';
import { DecideDto } from './dto/decide.dto.js';

const RunId = (): ParameterDecorator => Param('id', new IdPipe('run'));

@ApiTags('approvals')
@Controller('runs')
export class RunDecisionsController {
  constructor(private readonly approvals: ApprovalsService) {}

  @Post(':id/approve')
  @HttpCode(200)
  @Endpoint({
    access: 'approvals.decide',
    operationId: 'approveRun',
    summary: 'Approve what a run waits for',
    description:
      'With `edits`: approve it as changed. The step goes on once the quorum is reached; until then the answer is `pending`. A second decision is a 409.',
  })
  @Idempotent()
  @ApiOkResponse({ type: ApprovalDto, description: 'The approval as it is now' })
  @ApiProblems(400, 403, 404, 409, 413, 415, 422)
  approveRun(
    @CurrentPrincipal() principal: Principal,
    @RunId() id: string,
    @Body() body: DecideDto,
    @ReservedId() voteId: string | undefined,
  ): Promise<ApprovalDto> {
    return this.decide(principal, id, 'approved', body, voteId);
  }

  @Post(':id/reject')
  @HttpCode(200)
  @Endpoint({
    access: 'approvals.decide',
    operationId: 'rejectRun',
    summary: 'Reject what a run waits for',
    description: 'One rejection decides, whatever the quorum. `edits` tell what would have been approved. A second decision is a 409.',
  })
  @Idempotent()
  @ApiOkResponse({ type: ApprovalDto, description: 'The approval as it is now' })
  @ApiProblems(400, 403, 404, 409, 413, 415, 422)
  rejectRun(
    @CurrentPrincipal() principal: Principal,
    @RunId() id: string,
    @Body() body: DecideDto,
    @ReservedId() voteId: string | undefined,
  ): Promise<ApprovalDto> {
    return this.decide(principal, id, 'rejected', body, voteId);
  }

  private async decide(
    principal: Principal,
    runId: string,
    verdict: Verdict,
    { step, comment, edits, content_hash: contentHash }: DecideDto,
    id: string | undefined,
  ): Promise<ApprovalDto> {
    return toApproval(await this.approvals.vote(principal, runId, { verdict, step, comment, edits, contentHash, id }));
  }
}
