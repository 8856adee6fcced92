import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { callerSignal } from '../../platform/http/caller-signal.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import { ApiPage, type Page } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { BuiltinToolsDto, ExecuteToolDto, ListToolsQueryDto, ToolAnswerDto, ToolDto } from './dto/tool.dto.js';
import { ToolsService } from './tools.service.js';

@ApiTags('tools')
@Controller('tools')
export class ToolsController {
  constructor(private readonly service: ToolsService) {}

  @Get()
  @Endpoint({
    access: 'tools.read',
    operationId: 'listTools',
    summary: 'List tools by name',
    description:
      'Those every installation has, and the tenant’s own: its workflows, agents and collections, and those of its tool servers.',
  })
  @ApiPage(ToolDto)
  @ApiProblems(400, 422)
  listTools(@CurrentPrincipal() principal: Principal, @Query() query: ListToolsQueryDto): Promise<Page<ToolDto>> {
    return this.service.list(principal, query);
  }

  @Get('builtin')
  @Endpoint({ access: 'tools.read', operationId: 'listBuiltinTools', summary: 'List the tools that every installation has' })
  @ApiOkResponse({ type: BuiltinToolsDto })
  listBuiltinTools(): BuiltinToolsDto {
    return this.service.builtin();
  }

  @Post(':name/execute')
  @HttpCode(200)
  @Endpoint({
    access: 'tools.execute',
    operationId: 'executeTool',
    summary: 'Call a tool',
    description: `Outside of any run or agent. The call ends when the caller leaves or its time is over (408); a tool whose work is a run has
it cancelled then, and needs \`runs.create\` as well. A tool that fails answers 422, or 502 when another server is to blame; \`code\` is its own.`,
  })
  @Idempotent()
  @ApiParam({ name: 'name', example: 'datetime_now' })
  @ApiOkResponse({ type: ToolAnswerDto })
  @ApiProblems(400, 404, 408, 409, 413, 415, 422, 429, 502, 503)
  executeTool(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Body() body: ExecuteToolDto,
    @ReservedId() id: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ToolAnswerDto> {
    return this.service.execute(principal, name, body, callerSignal(response), id);
  }
}
