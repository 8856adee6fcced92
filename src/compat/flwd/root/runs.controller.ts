import { Body, Controller, Get, HttpCode, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { CurrentPrincipal, Endpoint } from '../../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../../platform/http/idempotent.decorator.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { RUN_ID_EXAMPLE } from '../schemas.js';
import { RootIdempotencyGuard } from './idempotency.guard.js';
import { RootPageDto, RootRequestDto } from './root.dto.js';
import { RootRuns } from './runs.service.js';
import { ROOT_RUN, ROOT_RUNS } from './schemas.js';

const Id = ApiParam({ name: 'id', example: RUN_ID_EXAMPLE });

@ApiTags('Root: runs')
@Controller('compat/flwd/runs')
export class RootRunsController {
  constructor(private readonly runs: RootRuns) {}

  @Post()
  @HttpCode(201)
  @Endpoint({ access: 'runs.create', operationId: 'rootCreateRun', summary: 'Start a run' })
  @Idempotent()
  @UseGuards(RootIdempotencyGuard)
  @ApiHeader({ name: 'Idempotency-SHA256', required: false, description: 'Of the body as JSON with the members of objects in order' })
  @ApiBody({ type: RootRequestDto })
  @ApiCreatedResponse({ schema: ROOT_RUN })
  createRun(
    @CurrentPrincipal() principal: Principal,
    @Body() body: RootRequestDto,
    @ReservedId() reservedId: string | undefined,
  ): Promise<object> {
    return this.runs.create(principal, body, reservedId);
  }

  @Get()
  @Endpoint({ access: 'runs.read', operationId: 'rootListRuns', summary: 'List runs, newest first' })
  @ApiOkResponse({ schema: ROOT_RUNS })
  listRuns(@CurrentPrincipal() principal: Principal, @Query() query: RootPageDto): Promise<object[]> {
    return this.runs.list(principal, query);
  }

  @Get(':id')
  @Endpoint({ access: 'runs.read', operationId: 'rootGetRun', summary: 'Get a run' })
  @Id
  @ApiOkResponse({ schema: ROOT_RUN })
  getRun(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<object> {
    return this.runs.get(principal, id);
  }

  @Post(':id\\:cancel')
  @HttpCode(202)
  @Endpoint({ access: 'runs.cancel', operationId: 'rootCancelRun', summary: 'Cancel a run' })
  @Id
  @ApiAcceptedResponse({ schema: ROOT_RUN })
  @ApiOkResponse({ schema: ROOT_RUN, description: 'It is over already' })
  async cancelRun(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const { over, run } = await this.runs.cancel(principal, id);
    if (over) response.status(200);
    return run;
  }
}
