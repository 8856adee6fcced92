import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { decodeCursor, encodeCursor, isUuid } from '../../platform/http/cursor.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { IdPipe } from '../../platform/http/id.pipe.js';
import { ApiPage, type Page, pageOf } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { ApprovalsService } from './approvals.service.js';
import { ApprovalDto, toApproval } from './dto/approval.dto.js';
import { ListApprovalsQueryDto } from './dto/list-approvals.dto.js';

@ApiTags('approvals')
@Controller('approvals')
export class ApprovalsController {
  constructor(private readonly approvals: ApprovalsService) {}

  @Get()
  @Endpoint({ access: 'approvals.read', operationId: 'listApprovals', summary: 'List approvals, newest first' })
  @ApiPage(ApprovalDto)
  @ApiProblems(400, 422)
  async listApprovals(@CurrentPrincipal() principal: Principal, @Query() query: ListApprovalsQueryDto): Promise<Page<ApprovalDto>> {
    const { limit, cursor } = query;
    const before = cursor === undefined ? null : decodeCursor(cursor, isUuid);
    const filter = { tenant: principal.tenant, statuses: query.status, runId: query.run_id };
    const approvals = await this.approvals.list(filter, { before, limit: limit + 1 });
    return pageOf(approvals, limit, toApproval, ({ id }) => encodeCursor(id));
  }

  @Get(':id')
  @Endpoint({ access: 'approvals.read', operationId: 'getApproval', summary: 'Read an approval' })
  @ApiOkResponse({ type: ApprovalDto, description: 'What is asked, of whom, and what they said' })
  @ApiProblems(404)
  async getApproval(@CurrentPrincipal() principal: Principal, @Param('id', new IdPipe('approval')) id: string): Promise<ApprovalDto> {
    return toApproval(await this.approvals.get(principal.tenant, id));
  }
}
