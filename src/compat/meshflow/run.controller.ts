import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { type FeedFrame, RunStreamService } from '../../modules/runs/index.js';
import type { RunEvent } from '../../engine/index.js';
import { callerSignal } from '../../platform/http/caller-signal.js';
import type { EdgeRequest } from '../../platform/http/edge-request.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { NdjsonSink, TranslatingSink } from '../kit/index.js';
import { RunMeshDto } from './meshflow.dto.js';
import { MeshRuns } from './runs.service.js';
import { RUN_RESULT } from './schemas.js';
import { StreamLines } from './stream-lines.js';
import { runResult } from './summaries.js';

@ApiTags('Tasks')
@Controller('compat/meshflow')
export class MeshRunController {
  constructor(
    private readonly runs: MeshRuns,
    private readonly streams: RunStreamService,
  ) {}

  @Post('run')
  @HttpCode(200)
  @Endpoint({
    access: 'runs.create',
    operationId: 'run',
    summary: 'Carry out a task',
    description: 'By planner, researcher, executor and critic, or by one agent if the task is simple. Answers when the run is over.',
  })
  @Idempotent()
  @ApiBody({ type: RunMeshDto })
  @ApiOkResponse({ schema: RUN_RESULT })
  async run(
    @CurrentPrincipal() principal: Principal,
    @Body() body: RunMeshDto,
    @ReservedId() id: string | undefined,
    @Req() request: EdgeRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const run = await this.runs.start(principal, { ...body, id }, callerSignal(response, request.drain));
    return runResult(run, await this.runs.records(principal, run));
  }

  @Post('stream')
  @HttpCode(200)
  @Endpoint({ access: 'runs.create', operationId: 'stream', summary: 'Carry out a task and tell what happens, a line of JSON each' })
  @ApiBody({ type: RunMeshDto })
  @ApiProduces('application/x-ndjson')
  @ApiOkResponse({ schema: { type: 'string' } })
  async stream(
    @CurrentPrincipal() principal: Principal,
    @Body() body: RunMeshDto,
    @Req() request: EdgeRequest,
    @Res() response: Response,
  ): Promise<void> {
    const { id: runId } = await this.runs.start(principal, body);
    const lines = new StreamLines();
    const sink = new TranslatingSink(
      new NdjsonSink(request, response, (reason) => ({ kind: 'error', error: reason, run_id: runId })),
      ({ id, event, data }): FeedFrame[] => lines.linesOf(data as RunEvent).map((line) => ({ id, event, data: line })),
    );
    await this.streams.stream({ tenant: principal.tenant, runId, after: 0 }, sink);
  }
}
