import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { decodePosition, parseSeq, type RunDto, SseSink } from '../../modules/runs/index.js';
import type { EdgeRequest } from '../../platform/http/edge-request.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { openSse, resumePoint } from '../../platform/http/sse.js';
import { orAbsent } from '../kit/index.js';
import { MeshEventStreams } from './events.service.js';
import { MeshEventsDto } from './meshflow.dto.js';
import { MeshRuns } from './runs.service.js';
import { UnendingSink } from './unending-sink.js';

@ApiTags('Events')
@Controller('compat/meshflow/events')
export class MeshEventsController {
  constructor(
    private readonly events: MeshEventStreams,
    private readonly runs: MeshRuns,
  ) {}

  @Get()
  @Endpoint({
    access: 'events.read',
    operationId: 'streamEvents',
    summary: 'Stream what happens to all runs, or one',
    description: 'First `connected`, then what happened last, then what happens. It does not end; `Last-Event-ID` goes on after an event.',
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ schema: { type: 'string' } })
  async streamEvents(
    @CurrentPrincipal() principal: Principal,
    @Query() { run_id: runId }: MeshEventsDto,
    @Req() request: EdgeRequest,
    @Res() response: Response,
  ): Promise<void> {
    const run = runId === undefined ? undefined : await orAbsent(this.runs.find(principal, runId));
    const resume = resumePoint(request, undefined);
    const open = (): UnendingSink => {
      const stream = openSse(request, response);
      stream.send({ event: 'connected', data: { ok: true, filter_run_id: runId ?? null } });
      return new UnendingSink(new SseSink(stream));
    };
    if (run === undefined) {
      const after = resume === undefined ? null : decodePosition(resume);
      return this.events.ofAll(principal.tenant, after, open());
    }
    // Of a run that is not there nothing is ever told.
    if (run === null) return void open();
    const after = parseSeq(resume);
    return this.events.ofRun(principal.tenant, { id: run.id, workflow: nameOf(run) }, after, open());
  }
}

function nameOf({ workflow, agent }: RunDto): string {
  return workflow?.name ?? agent?.name ?? '';
}
