import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { RunEvent } from '../../engine/index.js';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { decodeCursor, encodeCursor, isUuid } from '../../platform/http/cursor.js';
import type { EdgeRequest } from '../../platform/http/edge-request.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { IdPipe } from '../../platform/http/id.pipe.js';
import type { Page } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { openSse, resumePoint } from '../../platform/http/sse.js';
import { formatWorkflowName, parseWorkflowName } from '../workflows/index.js';
import { ApiEventStream, ApiPageOrStream } from './dto/api-event-stream.js';
import { LogLineDto, RunEventDto, RunEventsQueryDto, RunLogsQueryDto, TenantEventsQueryDto } from './dto/run-event.dto.js';
import { decodePosition } from './feed/feed-position.js';
import type { FeedFrame } from './feed/feed-sink.js';
import { RunStreamService } from './feed/run-stream.service.js';
import { SseSink } from './feed/sse-sink.js';
import { parseSeq } from './feed/stream-parameters.js';
import { TenantStreamService } from './feed/tenant-stream.service.js';
import type { LogFilter } from './queries/log-lines.js';
import { logLine, OUTPUT_ONLY, RunsService } from './runs.service.js';

/** One event log as pages and as server-sent events. Handlers that may stream write the answer themselves. */
@ApiTags('events')
@Controller()
export class RunEventsController {
  constructor(
    private readonly runs: RunsService,
    private readonly runStreams: RunStreamService,
    private readonly tenantStreams: TenantStreamService,
  ) {}

  @Get('runs/:id/events')
  @Endpoint({
    access: 'runs.read',
    operationId: 'listRunEvents',
    summary: "Read or follow a run's events",
    description:
      'With `Accept: text/event-stream` it follows the run and closes after its terminal event; `id:` is the sequence number. ' +
      'A page may be short when `types` is given; `next_cursor` says whether there is more.',
  })
  @ApiPageOrStream(RunEventDto)
  @ApiProblems(400, 404, 422)
  async listRunEvents(
    @CurrentPrincipal() principal: Principal,
    @Param('id', new IdPipe('run')) runId: string,
    @Query() query: RunEventsQueryDto,
    @Req() request: EdgeRequest,
    @Res() response: Response,
  ): Promise<void> {
    const { tenant } = principal;
    const types = query.types === undefined ? undefined : new Set(query.types);
    if (wantsStream(request)) {
      const after = parseSeq(resumePoint(request, query.after));
      await this.runs.existing(tenant, runId);
      return this.runStreams.stream({ tenant, runId, after, types }, new SseSink(openSse(request, response)));
    }
    const { events, next } = await this.runs.events(tenant, runId, pageFrom(query), types);
    response.json(seqPage(events, next));
  }

  @Get('runs/:id/logs')
  @Endpoint({
    access: 'runs.read',
    operationId: 'listRunLogs',
    summary: "Read or follow a run's log",
    description: 'Lines that steps write. With `follow=true` it streams them as server-sent events named `log` until the run is over.',
  })
  @ApiPageOrStream(LogLineDto)
  @ApiProblems(400, 404, 422)
  async listRunLogs(
    @CurrentPrincipal() principal: Principal,
    @Param('id', new IdPipe('run')) runId: string,
    @Query() query: RunLogsQueryDto,
    @Req() request: EdgeRequest,
    @Res() response: Response,
  ): Promise<void> {
    const { tenant } = principal;
    const filter: LogFilter = {
      level: query.level,
      step: query.step,
      since: query.since === undefined ? undefined : new Date(query.since),
    };
    if (query.follow === 'true' || (query.follow === undefined && wantsStream(request))) {
      const after = parseSeq(resumePoint(request, query.after));
      await this.runs.existing(tenant, runId);
      const sink = new SseSink(openSse(request, response));
      return this.runStreams.stream({ tenant, runId, after, types: OUTPUT_ONLY, frame: (event) => logFrame(event, filter) }, sink);
    }
    const { lines, next } = await this.runs.logs(tenant, runId, pageFrom(query), filter);
    response.json(seqPage(lines, next));
  }

  @Get('events')
  @Endpoint({
    access: 'events.read',
    operationId: 'followEvents',
    summary: "Follow the events of all the tenant's runs",
    description:
      'In the order they were committed, within a run by sequence. `id:` is an opaque cursor: send it as `Last-Event-ID` or `after` ' +
      'to go on without gap or duplicate. `after=0` starts with the oldest event; without it, with what happens from now on.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The `id` to go on after' })
  @ApiEventStream(RunEventDto)
  @ApiProblems(400, 422)
  followEvents(
    @CurrentPrincipal() { tenant }: Principal,
    @Query() query: TenantEventsQueryDto,
    @Req() request: EdgeRequest,
    @Res() response: Response,
  ): Promise<void> {
    const resume = resumePoint(request, query.after);
    const after = resume === undefined ? null : decodePosition(resume);
    const types = query.types === undefined ? undefined : new Set(query.types);
    const filter = { types, workflow: workflowOf(query.workflow), agent: query.agent, runId: query.run_id?.toLowerCase() };
    return this.tenantStreams.stream({ tenant, after, filter }, new SseSink(openSse(request, response)));
  }
}

/** A name without a namespace is one of the default namespace. */
function workflowOf(ref: string | undefined): string | undefined {
  if (ref === undefined || isUuid(ref)) return ref?.toLowerCase();
  const name = parseWorkflowName(ref);
  return name === null ? ref : formatWorkflowName(name);
}

function wantsStream(request: EdgeRequest): boolean {
  return request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream';
}

function pageFrom({ cursor, after, limit }: { cursor?: string; after?: number; limit: number }): { after: number; limit: number } {
  return { after: cursor === undefined ? (after ?? 0) : decodeCursor(cursor, isSeq), limit };
}

function isSeq(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2_147_483_647;
}

function seqPage<T>(data: T[], next: number | null): Page<T> {
  return { data, next_cursor: next === null ? null : encodeCursor(next) };
}

function logFrame(event: RunEvent, filter: LogFilter): FeedFrame | null {
  const line = logLine(event, filter);
  return line === null ? null : { id: String(line.seq), event: 'log', data: line };
}
