import { Controller, Delete, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { callerSignal } from '../../platform/http/caller-signal.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { AstromeshHistoryDto, AstromeshSemanticDto } from './astromesh.dto.js';
import { AstromeshMemory } from './memory.service.js';
import { CLEARED, HISTORY, REMEMBERED } from './schemas.js';

@ApiTags('Memory')
@Controller('compat/astromesh/v1/memory/:agent')
export class AstromeshMemoryController {
  constructor(private readonly memory: AstromeshMemory) {}

  @Get('history/:session')
  @Endpoint({ access: 'memory.read', operationId: 'getHistory', summary: 'Get the history of a session; empty when there is none' })
  @ApiOkResponse({ schema: HISTORY })
  getHistory(
    @CurrentPrincipal() principal: Principal,
    @Param('agent') agent: string,
    @Param('session') session: string,
    @Query() { limit }: AstromeshHistoryDto,
  ): Promise<object> {
    return this.memory.history(principal, agent, session, limit);
  }

  @Delete('history/:session')
  @Endpoint({ access: 'memory.delete', operationId: 'clearHistory', summary: 'Clear the history of a session' })
  @ApiOkResponse({ schema: CLEARED })
  async clearHistory(
    @CurrentPrincipal() principal: Principal,
    @Param('agent') agent: string,
    @Param('session') session: string,
  ): Promise<object> {
    await this.memory.clear(principal, agent, session);
    return { status: 'cleared', agent, session_id: session };
  }

  @Get('semantic')
  @Endpoint({ access: 'memory.read', operationId: 'searchMemory', summary: 'Query semantic memory' })
  @ApiOkResponse({ schema: REMEMBERED })
  searchMemory(
    @CurrentPrincipal() principal: Principal,
    @Param('agent') agent: string,
    @Query() query: AstromeshSemanticDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    return this.memory.search(principal, agent, query, callerSignal(response));
  }
}
