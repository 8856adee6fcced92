import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { IdPipe } from '../../platform/http/id.pipe.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import { ApiPage, type Page, PageQueryDto } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { CreateTriggerDto, IssuedTriggerDto, TriggerDto, UpdateTriggerDto } from './dto/trigger.dto.js';
import { TriggersService } from './triggers.service.js';

const Ref = ApiParam({
  name: 'ref',
  description: 'Id of the workflow, or its name, URL-encoded: `demo%2Forders`',
  example: 'demo%2Forders',
});

@ApiTags('triggers')
@Controller('workflows/:ref/triggers')
export class WorkflowTriggersController {
  constructor(private readonly service: TriggersService) {}

  @Post()
  @Endpoint({
    access: 'triggers.write',
    operationId: 'createTrigger',
    summary: 'Let a workflow start by itself',
    description: 'By time (`cron`), by calls from outside (`webhook`), or by what other runs do (`event`). Runs are of the latest version.',
  })
  @Ref
  @Idempotent({ secretReply: true })
  @ApiCreatedResponse({ type: IssuedTriggerDto, description: 'The trigger; the token and secret of a webhook are in no other answer' })
  @ApiProblems(400, 404, 409, 413, 415, 422)
  async createTrigger(
    @CurrentPrincipal() principal: Principal,
    @Param('ref') ref: string,
    @Body() body: CreateTriggerDto,
    @ReservedId() reservedId: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<IssuedTriggerDto> {
    const trigger = await this.service.create(principal, ref, body, reservedId);
    response.setHeader('Location', `/api/v1/triggers/${trigger.id}`);
    return trigger;
  }

  @Get()
  @Endpoint({
    access: 'triggers.read',
    operationId: 'listTriggers',
    summary: 'List the triggers of a workflow, newest first',
    description: 'Those of its definition and those added by API.',
  })
  @Ref
  @ApiPage(TriggerDto)
  @ApiProblems(400, 404, 422)
  listTriggers(
    @CurrentPrincipal() principal: Principal,
    @Param('ref') ref: string,
    @Query() query: PageQueryDto,
  ): Promise<Page<TriggerDto>> {
    return this.service.list(principal, ref, query);
  }
}

@ApiTags('triggers')
@Controller('triggers')
export class TriggersController {
  constructor(private readonly service: TriggersService) {}

  @Get(':id')
  @Endpoint({ access: 'triggers.read', operationId: 'getTrigger', summary: 'Read a trigger' })
  @ApiOkResponse({ type: TriggerDto })
  @ApiProblems(404)
  getTrigger(@CurrentPrincipal() principal: Principal, @Param('id', new IdPipe('trigger')) id: string): Promise<TriggerDto> {
    return this.service.get(principal, id);
  }

  @Patch(':id')
  @Endpoint({
    access: 'triggers.write',
    operationId: 'updateTrigger',
    summary: 'Change a trigger, or switch it on or off',
    description: 'From now on: what would have fired before is not made good.',
  })
  @ApiOkResponse({ type: TriggerDto })
  @ApiProblems(400, 404, 409, 413, 415, 422)
  updateTrigger(
    @CurrentPrincipal() principal: Principal,
    @Param('id', new IdPipe('trigger')) id: string,
    @Body() body: UpdateTriggerDto,
  ): Promise<TriggerDto> {
    return this.service.update(principal, id, body);
  }

  @Delete(':id')
  @HttpCode(204)
  @Endpoint({ access: 'triggers.write', operationId: 'deleteTrigger', summary: 'Delete a trigger', description: 'Runs it started go on.' })
  @ApiNoContentResponse({ description: 'It is deleted' })
  @ApiProblems(404, 409)
  deleteTrigger(@CurrentPrincipal() principal: Principal, @Param('id', new IdPipe('trigger')) id: string): Promise<void> {
    return this.service.delete(principal, id);
  }

  @Post(':id/rotate')
  @HttpCode(200)
  @Endpoint({
    access: 'triggers.write',
    operationId: 'rotateTrigger',
    summary: 'Give a webhook trigger a new token and secret',
    description: 'The old ones are refused from then on. A webhook that a definition brings has none before the first time.',
  })
  @Idempotent({ secretReply: true })
  @ApiOkResponse({ type: IssuedTriggerDto, description: 'The trigger with its new token and secret, which are in no other answer' })
  @ApiProblems(400, 404, 409)
  rotateTrigger(@CurrentPrincipal() principal: Principal, @Param('id', new IdPipe('trigger')) id: string): Promise<IssuedTriggerDto> {
    return this.service.rotate(principal, id);
  }
}
