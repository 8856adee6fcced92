import { Body, Controller, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { isTerminal } from '../../engine/index.js';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { callerSignal } from '../../platform/http/caller-signal.js';
import type { EdgeRequest } from '../../platform/http/edge-request.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { RunDto } from './dto/run.dto.js';
import { StartRunDto, StartRunQueryDto } from './dto/start-run.dto.js';
import { StartRunService } from './start-run.service.js';
import { parseWait, preferredWait } from './wait-time.js';

@ApiTags('runs')
@Controller('workflows')
export class WorkflowRunsController {
  constructor(private readonly starter: StartRunService) {}

  @Post(':ref/runs')
  @HttpCode(202)
  @Endpoint({
    access: 'runs.create',
    operationId: 'startRun',
    summary: 'Run a workflow',
    description: 'The run is durable once this answers. With `wait` the answer is held until the run is over or the time is.',
  })
  @Idempotent()
  @ApiHeader({
    name: 'Prefer',
    required: false,
    description: '`wait=10` is the same as `?wait=10s`',
    schema: { type: 'string', example: 'wait=10' },
  })
  @ApiAcceptedResponse({ type: RunDto, description: 'Accepted; with `wait`: not over in time' })
  @ApiOkResponse({ type: RunDto, description: 'With `wait`: the run is over' })
  @ApiProblems(400, 404, 409, 413, 415, 422)
  async startRun(
    @CurrentPrincipal() principal: Principal,
    @Param('ref') ref: string,
    @Query() query: StartRunQueryDto,
    @Body() body: StartRunDto,
    @ReservedId() reservedId: string | undefined,
    @Req() request: EdgeRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunDto> {
    const preferred = preferredWait(request.headers['prefer']);
    const waitMs = query.wait === undefined ? preferred : parseWait(query.wait);
    const run = await this.starter.start(
      {
        tenant: principal.tenant,
        keyId: principal.keyId,
        workflow: ref,
        version: query.version,
        inputs: body.inputs ?? {},
        trigger: 'api',
        priority: body.priority,
        runAt: body.run_at === undefined ? undefined : Date.parse(body.run_at),
        concurrencyKey: body.concurrency_key,
        tags: body.tags,
        timeoutMs: body.timeout_ms,
        id: reservedId,
      },
      // Waiting ends early when the caller leaves or the server shuts down; the run goes on.
      waitMs === null ? undefined : { timeoutMs: waitMs, signal: callerSignal(response, request.drain) },
    );
    response.setHeader('Location', `/api/v1/runs/${run.id}`);
    if (waitMs !== null && waitMs === preferred) response.setHeader('Preference-Applied', `wait=${waitMs / 1_000}`);
    if (isTerminal(run.status)) response.status(200);
    return run;
  }
}
