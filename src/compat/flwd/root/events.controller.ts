import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { decodePosition, parseSeq, SseSink } from '../../../modules/runs/index.js';
import type { EdgeRequest } from '../../../platform/http/edge-request.js';
import { CurrentPrincipal, Endpoint } from '../../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { openSse, resumePoint } from '../../../platform/http/sse.js';
import { RUN_ID_EXAMPLE } from '../schemas.js';
import { ROOT_EVENT_TYPES } from './events.js';
import { RootEvents } from './events.service.js';
import { RootAllEventsDto, RootEventsDto } from './root.dto.js';

/** Tells clients how long to wait before they connect again, in milliseconds, and that they are connected. */
const PRELUDE = 'retry: 2000\n\n:connected\n\n';
const Id = ApiParam({ name: 'id', example: RUN_ID_EXAMPLE });
const EventStream = ApiProduces('text/event-stream');
const Text = ApiOkResponse({ schema: { type: 'string' } });

@ApiTags('Root: events')
@Controller('compat/flwd')
export class RootEventsController {
  constructor(private readonly events: RootEvents) {}

  @Get('runs/:id/events')
  @Endpoint({
    access: 'runs.read',
    operationId: 'rootStreamRunEvents',
    summary: 'Stream the events of a run, from its beginning to its end',
    description: `Events: ${ROOT_EVENT_TYPES.join(', ')}.`,
  })
  @Id
  @EventStream
  @Text
  async streamRunEvents(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Query() { last_event_id: last }: RootEventsDto,
    @Req() request: EdgeRequest,
    @Res() response: Response,
  ): Promise<void> {
    const after = parseSeq(resumePoint(request, last));
    const run = await this.events.find(principal, id);
    await this.events.ofRun(principal.tenant, run, after, openStream(request, response));
  }

  @Get('runs/:id/events.ndjson')
  @Endpoint({ access: 'runs.read', operationId: 'rootExportRunEvents', summary: 'Export the events of a run that there are by now' })
  @Id
  @ApiProduces('application/x-ndjson')
  @Text
  async exportRunEvents(@CurrentPrincipal() principal: Principal, @Param('id') id: string, @Res() response: Response): Promise<void> {
    const run = await this.events.find(principal, id);
    response.setHeader('Content-Type', 'application/x-ndjson');
    await sendText(response, this.events.export(principal.tenant, run));
  }

  @Get('events')
  @Endpoint({ access: 'events.read', operationId: 'rootStreamEvents', summary: 'Stream the events of all runs, from now on' })
  @EventStream
  @Text
  async streamEvents(
    @CurrentPrincipal() principal: Principal,
    @Query() { run_id: run, last_event_id: last }: RootAllEventsDto,
    @Req() request: EdgeRequest,
    @Res() response: Response,
  ): Promise<void> {
    const resume = resumePoint(request, last);
    const after = resume === undefined ? null : decodePosition(resume);
    const runId = run === undefined ? undefined : (await this.events.find(principal, run)).runId;
    await this.events.ofAll(principal.tenant, { runId, after }, openStream(request, response));
  }
}

function openStream(request: EdgeRequest, response: Response): SseSink {
  const stream = openSse(request, response);
  response.write(PRELUDE);
  return new SseSink(stream);
}

/** A reader that leaves before the end has what it wanted. */
async function sendText(response: Response, lines: AsyncIterable<string>): Promise<void> {
  await pipeline(Readable.from(lines), response).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
}
