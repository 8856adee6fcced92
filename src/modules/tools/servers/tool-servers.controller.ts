import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../../../platform/http/api-problems.js';
import { callerSignal } from '../../../platform/http/caller-signal.js';
import { CurrentPrincipal, Endpoint } from '../../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../../platform/http/idempotent.decorator.js';
import { ApiPage, type Page, PageQueryDto } from '../../../platform/http/page.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { CreateToolServerDto, ToolServerDto } from '../dto/tool-server.dto.js';
import { ToolServersService } from './tool-servers.service.js';

@ApiTags('tools')
@Controller('tools/servers')
export class ToolServersController {
  constructor(private readonly service: ToolServersService) {}

  @Post()
  @Endpoint({
    access: 'tools.manage',
    operationId: 'createToolServer',
    summary: 'Take tools from an MCP server or an OpenAPI document',
    description: 'A server that does not answer is stored all the same; `health` says so. A document is read once, now.',
  })
  @Idempotent()
  @ApiCreatedResponse({ type: ToolServerDto })
  @ApiProblems(400, 409, 413, 415, 422, 502, 503)
  createToolServer(
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreateToolServerDto,
    @ReservedId() id: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ToolServerDto> {
    return this.service.create(principal, body, callerSignal(response), id);
  }

  @Get()
  @Endpoint({
    access: 'tools.read',
    operationId: 'listToolServers',
    summary: 'List tool servers by name, with their health and tools',
    description: 'Servers are asked unless they told within the last minute; one that failed is left alone for a while.',
  })
  @ApiPage(ToolServerDto)
  @ApiProblems(400, 422)
  listToolServers(@CurrentPrincipal() principal: Principal, @Query() query: PageQueryDto): Promise<Page<ToolServerDto>> {
    return this.service.list(principal, query);
  }

  @Delete(':name')
  @HttpCode(204)
  @Endpoint({ access: 'tools.manage', operationId: 'deleteToolServer', summary: 'Take no more tools from a server' })
  @ApiParam({ name: 'name', example: 'weather' })
  @ApiNoContentResponse({ description: 'It is deleted' })
  @ApiProblems(404)
  deleteToolServer(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<void> {
    return this.service.delete(principal, name);
  }
}
