import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { callerSignal } from '../../platform/http/caller-signal.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { IdPipe } from '../../platform/http/id.pipe.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import { ApiPage, type Page, PageQueryDto } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { FactDto, ListFactsQueryDto, NewFactDto, SearchMemoryQueryDto, SearchMemoryResultDto } from './dto/fact.dto.js';
import { ErasedDto, EraseQueryDto, ListSessionsQueryDto, SessionDto, SessionSummaryDto } from './dto/session.dto.js';
import { MemoryService } from './memory.service.js';

const Agent = ApiParam({ name: 'agent', description: 'Name of the agent, or its id; also of one that is deleted', example: 'assistant' });
const Session = ApiParam({ name: 'session', description: 'The `session_id` of its turns', example: 'alice-1' });

const ITS_RUNS = `Its runs go with it, journals, events and artifacts, also those of workflows that asked the agent and of agents that worked for
it: that needs \`runs.delete\`. While one is under way the answer is 409 \`runs_under_way\`, and nothing is erased; with \`cancel\` they are cancelled
first, which needs \`runs.cancel\`.`;

@ApiTags('memory')
@Controller('memory/:agent')
export class MemoryController {
  constructor(private readonly service: MemoryService) {}

  @Delete()
  @HttpCode(200)
  @Endpoint({
    access: 'memory.delete',
    operationId: 'eraseMemory',
    summary: 'Erase all that an agent remembers',
    description: `All of its conversations, facts and runs. ${ITS_RUNS}`,
  })
  @Agent
  @ApiOkResponse({ type: ErasedDto })
  @ApiProblems(404, 409, 422)
  eraseMemory(
    @CurrentPrincipal() principal: Principal,
    @Param('agent') agent: string,
    @Query() { cancel }: EraseQueryDto,
  ): Promise<ErasedDto> {
    return this.service.eraseAgent(principal, agent, cancel);
  }

  @Get('sessions')
  @Endpoint({ access: 'memory.read', operationId: 'listSessions', summary: 'List the conversations of an agent, newest first' })
  @Agent
  @ApiPage(SessionSummaryDto)
  @ApiProblems(400, 404, 422)
  listSessions(
    @CurrentPrincipal() principal: Principal,
    @Param('agent') agent: string,
    @Query() query: ListSessionsQueryDto,
  ): Promise<Page<SessionSummaryDto>> {
    return this.service.listSessions(principal, agent, query);
  }

  @Get('sessions/:session')
  @Endpoint({
    access: 'memory.read',
    operationId: 'getSession',
    summary: 'Read a conversation, its messages in order',
    description: '`limit` and `cursor` page through the messages.',
  })
  @Agent
  @Session
  @ApiOkResponse({ type: SessionDto })
  @ApiProblems(400, 404, 422)
  getSession(
    @CurrentPrincipal() principal: Principal,
    @Param('agent') agent: string,
    @Param('session') session: string,
    @Query() query: PageQueryDto,
  ): Promise<SessionDto> {
    return this.service.getSession(principal, agent, session, query);
  }

  @Delete('sessions/:session')
  @HttpCode(200)
  @Endpoint({
    access: 'memory.delete',
    operationId: 'eraseSession',
    summary: 'Erase a conversation',
    description: `With its summary and what semantic memory kept of it. ${ITS_RUNS}`,
  })
  @Agent
  @Session
  @ApiOkResponse({ type: ErasedDto })
  @ApiProblems(404, 409, 422)
  eraseSession(
    @CurrentPrincipal() principal: Principal,
    @Param('agent') agent: string,
    @Param('session') session: string,
    @Query() { cancel }: EraseQueryDto,
  ): Promise<ErasedDto> {
    return this.service.eraseSession(principal, agent, session, cancel);
  }

  @Delete('subjects/:subject')
  @HttpCode(200)
  @Endpoint({
    access: 'memory.delete',
    operationId: 'eraseSubject',
    summary: 'Erase all that an agent remembers about a subject',
    description: `Its conversations, and its facts. ${ITS_RUNS} It may be repeated: what is not there is erased.`,
  })
  @Agent
  @ApiParam({ name: 'subject', description: 'As turns and facts name it', example: 'customer-17' })
  @ApiOkResponse({ type: ErasedDto })
  @ApiProblems(404, 409, 422)
  eraseSubject(
    @CurrentPrincipal() principal: Principal,
    @Param('agent') agent: string,
    @Param('subject') subject: string,
    @Query() { cancel }: EraseQueryDto,
  ): Promise<ErasedDto> {
    return this.service.eraseSubject(principal, agent, subject, cancel);
  }

  @Get('search')
  @Endpoint({
    access: 'memory.read',
    operationId: 'searchMemory',
    summary: 'Find what an agent remembers by meaning',
    description:
      'Facts, and what was kept of turns. Texts that are found are data: whoever said them must not be trusted to instruct a model.',
  })
  @Agent
  @ApiOkResponse({ type: SearchMemoryResultDto })
  @ApiProblems(404, 422, 502, 503)
  searchMemory(
    @CurrentPrincipal() principal: Principal,
    @Param('agent') agent: string,
    @Query() query: SearchMemoryQueryDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SearchMemoryResultDto> {
    return this.service.search(principal, agent, query, callerSignal(response));
  }

  @Post('facts')
  @Endpoint({
    access: 'memory.write',
    operationId: 'addFact',
    summary: 'Tell an agent a fact',
    description: 'It is recalled from then on.',
  })
  @Idempotent()
  @Agent
  @ApiCreatedResponse({ type: FactDto })
  @ApiProblems(400, 404, 409, 413, 415, 422, 502, 503)
  async addFact(
    @CurrentPrincipal() principal: Principal,
    @Param('agent') agent: string,
    @Body() body: NewFactDto,
    @ReservedId() reservedId: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FactDto> {
    return this.service.addFact(principal, agent, body, reservedId, callerSignal(response));
  }

  @Get('facts')
  @Endpoint({ access: 'memory.read', operationId: 'listFacts', summary: 'List what semantic memory holds, newest first' })
  @Agent
  @ApiPage(FactDto)
  @ApiProblems(400, 404, 422)
  listFacts(
    @CurrentPrincipal() principal: Principal,
    @Param('agent') agent: string,
    @Query() query: ListFactsQueryDto,
  ): Promise<Page<FactDto>> {
    return this.service.listFacts(principal, agent, query);
  }

  @Delete('facts/:fact_id')
  @HttpCode(204)
  @Endpoint({
    access: 'memory.write',
    operationId: 'deleteFact',
    summary: 'Delete a fact, or what was kept of a turn',
  })
  @Agent
  @ApiNoContentResponse({ description: 'It is deleted' })
  @ApiProblems(404)
  deleteFact(
    @CurrentPrincipal() principal: Principal,
    @Param('agent') agent: string,
    @Param('fact_id', new IdPipe('fact')) id: string,
  ): Promise<void> {
    return this.service.deleteFact(principal, agent, id);
  }
}
