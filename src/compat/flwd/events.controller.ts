import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { decodePosition, parseSeq, SseSink } from '../../modules/runs/index.js';
import { formatWorkflowName, parseWorkflowName } from '../../modules/workflows/index.js';
import type { EdgeRequest } from '../../platform/http/edge-request.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { openSse, resumePoint } from '../../platform/http/sse.js';
import { FlwdEvents } from './events.service.js';
import { FLWD_EVENT_TYPES } from './events.js';
import { FlwdEventsDto } from './flwd.dto.js';
import { jobNotFound, runNotFound } from './problems.js';
import { jobIdOf } from './run-views.js';
import { FlwdRuns } from './runs.service.js';

@ApiTags('Events')
@Controller('compat/flwd/api/v1/events')
export class FlwdEventsController {
  constructor(
    private readonly events: FlwdEvents,
    private readonly runs: FlwdRuns,
  ) {}

  @Get('runs')
  @Endpoint({
    access: 'events.read',
    operationId: 'streamRunEvents',
    summary: 'Stream the events of runs',
    description: `Events: ${FLWD_EVENT_TYPES.join(', ')}. With \`run_id\` from the beginning of the run to its end, else from now on.`,
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ schema: { type: 'string' } })
  async streamRunEvents(
    @CurrentPrincipal() principal: Principal,
    @Query() { run_id: run, job_id: job, last_event_id: last }: FlwdEventsDto,
    @Req() request: EdgeRequest,
    @Res() response: Response,
  ): Promise<void> {
    const name = job === undefined ? undefined : nameOf(job);
    const resume = resumePoint(request, last);
    if (run === undefined) {
      const after = resume === undefined ? null : decodePosition(resume);
      return this.events.ofAll(principal.tenant, { filter: { workflow: name }, after }, new SseSink(openSse(request, response)));
    }
    const after = parseSeq(resume);
    const found = await this.runs.find(principal, run);
    const jobId = jobIdOf(found.run);
    if (name !== undefined && name !== jobId) throw runNotFound(run);
    return this.events.ofRun(principal.tenant, { runId: found.runId, jobId, after }, new SseSink(openSse(request, response)));
  }
}

function nameOf(job: string): string {
  const name = parseWorkflowName(job);
  if (name === null) throw jobNotFound(job);
  return formatWorkflowName(name);
}
