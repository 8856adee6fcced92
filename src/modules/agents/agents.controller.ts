import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Json } from '../../engine/index.js';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { Consumes } from '../../platform/http/body.guard.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import { ApiPage, type Page, PageQueryDto } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { type AgentBody, AgentsService } from './agents.service.js';
import { AGENT_BODY, AGENT_BODY_AGAIN } from './dto/agent-body.js';
import { AgentDetailDto, AgentDto, AgentValidationDto, AgentVersionDto, StoredAgentDto } from './dto/agent.dto.js';
import { AgentVersionQueryDto, ListAgentsQueryDto, StoreAgentQueryDto } from './dto/list-agents.dto.js';

const Name = ApiParam({ name: 'name', description: 'Name of the agent, or its id', example: 'assistant' });

@ApiTags('agents')
@Controller('agents')
export class AgentsController {
  constructor(private readonly service: AgentsService) {}

  @Post()
  @Endpoint({
    access: 'agents.write',
    operationId: 'createAgent',
    summary: 'Store an agent',
    description:
      'A new name makes version 1, changed content the next version. Content that is the latest version already is answered with 200 and makes none.',
  })
  @Idempotent()
  @Consumes('json', 'yaml')
  @ApiBody(AGENT_BODY)
  @ApiCreatedResponse({ type: StoredAgentDto, description: 'The new version' })
  @ApiOkResponse({ type: StoredAgentDto, description: 'The version that has this content already' })
  @ApiProblems(400, 409, 413, 415, 422)
  async createAgent(
    @CurrentPrincipal() principal: Principal,
    @Query() { draft }: StoreAgentQueryDto,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @ReservedId() reservedId: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<StoredAgentDto> {
    const { agent, created } = await this.service.create(principal, toBody(body, contentType), { reservedId, draft });
    response.status(created ? 201 : 200).setHeader('Location', `/api/v1/agents/${agent.name}`);
    return agent;
  }

  @Get()
  @Endpoint({ access: 'agents.read', operationId: 'listAgents', summary: 'List agents, newest first' })
  @ApiPage(AgentDto)
  @ApiProblems(400, 422)
  listAgents(@CurrentPrincipal() principal: Principal, @Query() query: ListAgentsQueryDto): Promise<Page<AgentDto>> {
    return this.service.list(principal, query);
  }

  @Post('validate')
  @HttpCode(200)
  @Endpoint({
    access: 'agents.read',
    operationId: 'validateAgent',
    summary: 'Check an agent without storing it',
    description: 'Finds every error at once.',
  })
  @Consumes('json', 'yaml')
  @ApiBody(AGENT_BODY_AGAIN)
  @ApiOkResponse({ type: AgentValidationDto, description: 'What is wrong with it, if anything' })
  @ApiProblems(400, 413, 415)
  validateAgent(@Body() body: unknown, @Headers('content-type') contentType: string | undefined): AgentValidationDto {
    return this.service.validate(toBody(body, contentType));
  }

  @Get(':name')
  @Endpoint({ access: 'agents.read', operationId: 'getAgent', summary: 'Read an agent with its definition' })
  @Name
  @ApiOkResponse({ type: AgentDetailDto })
  @ApiProblems(404, 422)
  getAgent(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Query() { version }: AgentVersionQueryDto,
  ): Promise<AgentDetailDto> {
    return this.service.get(principal, name, version);
  }

  @Put(':name')
  @Endpoint({
    access: 'agents.write',
    operationId: 'replaceAgent',
    summary: 'Store the next version of an agent',
    description: 'Runs under way go on with the version they began with.',
  })
  @Consumes('json', 'yaml')
  @Name
  @ApiBody(AGENT_BODY_AGAIN)
  @ApiOkResponse({ type: StoredAgentDto })
  @ApiProblems(400, 404, 409, 413, 415, 422)
  replaceAgent(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Query() { draft }: StoreAgentQueryDto,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
  ): Promise<StoredAgentDto> {
    return this.service.replace(principal, name, toBody(body, contentType), draft);
  }

  @Post(':name/deploy')
  @HttpCode(200)
  @Endpoint({
    access: 'agents.write',
    operationId: 'deployAgent',
    summary: 'Let runs of an agent start',
    description: 'Of a draft, or of one that is paused. Agents are deployed when they are stored, unless as a draft.',
  })
  @Name
  @ApiOkResponse({ type: AgentDto })
  @ApiProblems(404)
  deployAgent(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<AgentDto> {
    return this.service.deploy(principal, name);
  }

  @Post(':name/pause')
  @HttpCode(200)
  @Endpoint({
    access: 'agents.write',
    operationId: 'pauseAgent',
    summary: 'Let no run of an agent start',
    description: 'Until it is deployed again: whoever asks it is refused (409), also other agents. Runs under way go on.',
  })
  @Name
  @ApiOkResponse({ type: AgentDto })
  @ApiProblems(404, 409)
  pauseAgent(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<AgentDto> {
    return this.service.pause(principal, name);
  }

  @Delete(':name')
  @HttpCode(204)
  @Endpoint({
    access: 'agents.delete',
    operationId: 'deleteAgent',
    summary: 'Delete an agent',
    description: 'No run of it can be started any more. Its runs stay, and those under way go on. Its name is free again.',
  })
  @Name
  @ApiNoContentResponse({ description: 'It is deleted' })
  @ApiProblems(404)
  deleteAgent(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<void> {
    return this.service.delete(principal, name);
  }

  @Get(':name/versions')
  @Endpoint({ access: 'agents.read', operationId: 'listAgentVersions', summary: 'List the versions of an agent, newest first' })
  @Name
  @ApiPage(AgentVersionDto)
  @ApiProblems(400, 404, 422)
  listAgentVersions(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Query() query: PageQueryDto,
  ): Promise<Page<AgentVersionDto>> {
    return this.service.listVersions(principal, name, query);
  }
}

function toBody(body: unknown, contentType = ''): AgentBody {
  if (typeof body === 'string' && /yaml/i.test(contentType)) return { yaml: body };
  return { json: (body ?? null) as Json };
}
