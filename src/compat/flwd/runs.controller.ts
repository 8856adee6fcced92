import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiCreatedResponse, ApiOkResponse, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { parseSeq, SseSink } from '../../modules/runs/index.js';
import { callerSignal } from '../../platform/http/caller-signal.js';
import type { EdgeRequest } from '../../platform/http/edge-request.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { openSse, resumePoint } from '../../platform/http/sse.js';
import { listOf, objectOf } from '../kit/index.js';
import { CreateFlwdRunDto, FlwdLogsDto, ListFlwdRunsDto } from './flwd.dto.js';
import { FlwdLogs } from './logs.service.js';
import { createdRun, runDetail } from './run-views.js';
import { FlwdRuns } from './runs.service.js';
import { CANCELLED, CREATED_RUN, LOG_LINE, RUN, RUN_DETAIL, RUN_ID_EXAMPLE } from './schemas.js';

const RunId = ApiParam({ name: 'run_id', example: RUN_ID_EXAMPLE });

@ApiTags('Runs')
@Controller('compat/flwd/api/v1/runs')
export class FlwdRunsController {
  constructor(
    private readonly runs: FlwdRuns,
    private readonly logs: FlwdLogs,
  ) {}

  @Post()
  @HttpCode(201)
  @Endpoint({ access: 'runs.create', operationId: 'createRun', summary: 'Create a run and execute it' })
  @Idempotent()
  @ApiBody({ type: CreateFlwdRunDto })
  @ApiCreatedResponse({ schema: RUN_DETAIL, description: 'The run is over' })
  @ApiAcceptedResponse({ schema: CREATED_RUN, description: 'With `async`: the run is on its way' })
  async createRun(
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreateFlwdRunDto,
    @ReservedId() reservedId: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const run = await this.runs.create(principal, body, callerSignal(response), reservedId);
    if (run.finished_at === null) response.status(202);
    return createdRun(run);
  }

  @Get()
  @Endpoint({ access: 'runs.read', operationId: 'listRuns', summary: 'List runs, newest first' })
  @ApiOkResponse({ schema: objectOf({ runs: listOf(RUN), total: { type: 'integer', example: 42 } }) })
  listRuns(@CurrentPrincipal() principal: Principal, @Query() query: ListFlwdRunsDto): Promise<object> {
    return this.runs.list(principal, query);
  }

  @Get(':run_id')
  @Endpoint({ access: 'runs.read', operationId: 'getRun', summary: 'Get run details' })
  @RunId
  @ApiOkResponse({ schema: RUN_DETAIL })
  async getRun(@CurrentPrincipal() principal: Principal, @Param('run_id') id: string): Promise<object> {
    const { run } = await this.runs.find(principal, id);
    return runDetail(run);
  }

  @Get(':run_id/logs')
  @Endpoint({ access: 'runs.read', operationId: 'getRunLogs', summary: 'Get or follow the logs of a run' })
  @RunId
  @ApiProduces('application/json', 'text/event-stream')
  @ApiOkResponse({ schema: objectOf({ logs: listOf(LOG_LINE) }) })
  async getRunLogs(
    @CurrentPrincipal() principal: Principal,
    @Param('run_id') id: string,
    @Query() { follow, since }: FlwdLogsDto,
    @Req() request: EdgeRequest,
    @Res() response: Response,
  ): Promise<void> {
    const { runId } = await this.runs.find(principal, id);
    const from = since === undefined ? undefined : new Date(since);
    if (follow === undefined || follow === 'false' || follow === '0') {
      response.json({ logs: await this.logs.read(principal.tenant, runId, from) });
      return;
    }
    const after = parseSeq(resumePoint(request, undefined));
    await this.logs.follow(principal.tenant, runId, { after, since: from }, new SseSink(openSse(request, response)));
  }

  @Post(':run_id/cancel')
  @HttpCode(200)
  @Endpoint({ access: 'runs.cancel', operationId: 'cancelRun', summary: 'Cancel a run' })
  @RunId
  @ApiOkResponse({ schema: CANCELLED })
  cancelRun(@CurrentPrincipal() principal: Principal, @Param('run_id') id: string): Promise<object> {
    return this.runs.cancel(principal, id);
  }
}
