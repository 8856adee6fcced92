import { Body, Controller, Get, HttpCode, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { callerSignal } from '../../platform/http/caller-signal.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { AstromeshExecuteDto } from './astromesh.dto.js';
import { BUILTIN_TOOLS, EXECUTED, TOOLS } from './schemas.js';
import { AstromeshTools } from './tools.service.js';

@ApiTags('Tools')
@Controller('compat/astromesh/v1/tools')
export class AstromeshToolsController {
  constructor(private readonly tools: AstromeshTools) {}

  @Get()
  @Endpoint({ access: 'tools.read', operationId: 'listTools', summary: 'List the tools of all agents' })
  @ApiOkResponse({ schema: TOOLS })
  listTools(@CurrentPrincipal() principal: Principal): Promise<object> {
    return this.tools.list(principal);
  }

  @Get('builtin')
  @Endpoint({ access: 'tools.read', operationId: 'listBuiltinTools', summary: 'List the tools that every installation has' })
  @ApiOkResponse({ schema: BUILTIN_TOOLS })
  listBuiltinTools(): object {
    return this.tools.builtin();
  }

  @Post('execute')
  @HttpCode(200)
  @Endpoint({ access: 'tools.execute', operationId: 'executeTool', summary: 'Execute a tool outside of an agent' })
  @ApiOkResponse({ schema: EXECUTED })
  executeTool(
    @CurrentPrincipal() principal: Principal,
    @Body() body: AstromeshExecuteDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    return this.tools.execute(principal, body, callerSignal(response));
  }
}
