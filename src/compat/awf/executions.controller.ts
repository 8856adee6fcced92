import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConflictResponse, ApiNoContentResponse, ApiOkResponse, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { parseSeq, SseSink } from '../../modules/runs/index.js';
import type { EdgeRequest } from '../../platform/http/edge-request.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { openSse, resumePoint } from '../../platform/http/sse.js';
import { AwfEventsDto, RespondAwfDto, ResumeAwfDto } from './awf.dto.js';
import { AwfExecutions } from './executions.service.js';
import { ACCEPTED, bodyOf, EXECUTION } from './schemas.js';
import { listOf, objectOf } from '../kit/index.js';

const Id = ApiParam({ name: 'id', format: 'uuid' });

@ApiTags('Executions')
@Controller('compat/awf/api/executions')
export class AwfExecutionsController {
  constructor(private readonly executions: AwfExecutions) {}

  @Get()
  @Endpoint({ access: 'runs.read', operationId: 'list-executions', summary: 'List executions, newest first' })
  @ApiOkResponse({ schema: bodyOf({ executions: listOf(objectOf(EXECUTION)) }) })
  async listExecutions(@CurrentPrincipal() principal: Principal): Promise<object> {
    return { body: { executions: await this.executions.list(principal) } };
  }

  @Get(':id')
  @Endpoint({ access: 'runs.read', operationId: 'get-execution', summary: 'Get an execution' })
  @Id
  @ApiOkResponse({ schema: bodyOf(EXECUTION) })
  async getExecution(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<object> {
    return { body: await this.executions.get(principal, id) };
  }

  @Delete(':id')
  @HttpCode(204)
  @Endpoint({ access: 'runs.cancel', operationId: 'cancel-execution', summary: 'Cancel an execution' })
  @Id
  @ApiNoContentResponse({ description: 'Cancelled, over or not there' })
  cancelExecution(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<void> {
    return this.executions.cancel(principal, id);
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Endpoint({ access: 'runs.create', operationId: 'resume-execution', summary: 'Resume an execution as a new one' })
  @Id
  @ApiBody({ type: ResumeAwfDto })
  @ApiOkResponse({ schema: bodyOf(ACCEPTED) })
  async resumeExecution(@CurrentPrincipal() principal: Principal, @Param('id') id: string, @Body() body: ResumeAwfDto): Promise<object> {
    return { body: { execution_id: await this.executions.resume(principal, id, body), status: 'accepted' } };
  }

  @Get(':id/events')
  @Endpoint({
    access: 'runs.read',
    operationId: 'stream-execution-events',
    summary: 'Stream the events of an execution, from its beginning to its end',
  })
  @Id
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ schema: { type: 'string' } })
  async streamEvents(
    @CurrentPrincipal() { tenant }: Principal,
    @Param('id') id: string,
    @Query() { format }: AwfEventsDto,
    @Req() request: EdgeRequest,
    @Res() response: Response,
  ): Promise<void> {
    const run = await this.executions.find(tenant, id);
    const after = parseSeq(resumePoint(request, undefined));
    await this.executions.follow(tenant, run, after, format, new SseSink(openSse(request, response)));
  }

  @Post(':id/respond')
  @Endpoint({ access: 'runs.signal', operationId: 'respond-to-input', summary: 'Answer a question of an execution' })
  @Id
  @HttpCode(204)
  @ApiBody({ type: RespondAwfDto })
  @ApiNoContentResponse({ description: 'The conversation goes on with it' })
  @ApiConflictResponse({ description: 'The execution waits for no input, or for an answer to something else' })
  respond(@CurrentPrincipal() principal: Principal, @Param('id') id: string, @Body() { response }: RespondAwfDto): Promise<void> {
    return this.executions.respond(principal, id, response);
  }
}
