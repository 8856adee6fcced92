import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { AwfHistoryDto, AwfStatsDto } from './awf.dto.js';
import { AwfHistory } from './history.service.js';
import { listOf } from '../kit/index.js';
import { bodyOf, ENTRY, STATS } from './schemas.js';

@ApiTags('History')
@Controller('compat/awf/api/history')
export class AwfHistoryController {
  constructor(private readonly history: AwfHistory) {}

  @Get()
  @Endpoint({ access: 'runs.read', operationId: 'list-history', summary: 'List executions that are over, completed last first' })
  @ApiOkResponse({ schema: bodyOf({ entries: listOf(ENTRY) }) })
  async listHistory(@CurrentPrincipal() principal: Principal, @Query() query: AwfHistoryDto): Promise<object> {
    return { body: { entries: await this.history.list(principal, query) } };
  }

  @Get('stats')
  @Endpoint({ access: 'runs.read', operationId: 'history-stats', summary: 'Count executions that are over' })
  @ApiOkResponse({ schema: bodyOf(STATS) })
  async historyStats(@CurrentPrincipal() principal: Principal, @Query() query: AwfStatsDto): Promise<object> {
    return { body: await this.history.stats(principal, query) };
  }
}
