import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiExtraModels, ApiOkResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { Response } from 'express';
import { type GraphFormat, type GraphView, toDot, toMermaid } from '../../engine/graph/index.js';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { decodeCursor, encodeCursor, isUuid } from '../../platform/http/cursor.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { IdPipe } from '../../platform/http/id.pipe.js';
import { ApiPage, type Page, PageQueryDto, pageOf } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { CancelledDto, CancellingDto, CancelRunDto } from './dto/cancel-run.dto.js';
import { RunExplanationDto } from './dto/explain.dto.js';
import { ListRunsQueryDto, RunStatsQueryDto, toRunSelection } from './dto/list-runs.dto.js';
import { RunGraphDto, RunGraphQueryDto } from './dto/run-graph.dto.js';
import { RunStatsDto } from './dto/run-stats.dto.js';
import { RunDto, RunSummaryDto } from './dto/run.dto.js';
import { RunStepDto, toRunStep } from './dto/step.dto.js';
import type { StepsCursor } from './queries/list-steps.query.js';
import { RunsService } from './runs.service.js';

const MEDIA_TYPES: Readonly<Record<GraphFormat, string>> = {
  json: 'application/json',
  mermaid: 'text/vnd.mermaid',
  dot: 'text/vnd.graphviz',
};

const RunId = (): ParameterDecorator => Param('id', new IdPipe('run'));

@ApiTags('runs')
@Controller('runs')
export class RunsController {
  constructor(private readonly runs: RunsService) {}

  @Get()
  @Endpoint({ access: 'runs.read', operationId: 'listRuns', summary: 'List runs, newest first' })
  @ApiPage(RunSummaryDto)
  @ApiProblems(400, 422)
  async listRuns(@CurrentPrincipal() principal: Principal, @Query() query: ListRunsQueryDto): Promise<Page<RunSummaryDto>> {
    const { limit, cursor } = query;
    const before = cursor === undefined ? null : decodeCursor(cursor, isUuid);
    const runs = await this.runs.list(toRunSelection(principal.tenant, query), query.status ?? [], { before, limit: limit + 1 });
    return pageOf(
      runs,
      limit,
      (run) => run,
      (run) => encodeCursor(run.id),
    );
  }

  @Get('stats')
  @Endpoint({
    access: 'runs.read',
    operationId: 'getRunStats',
    summary: 'Count runs by status and measure how long they take',
    description: 'Without `since` everything is counted, which takes its time on a large history.',
  })
  @ApiOkResponse({ type: RunStatsDto, description: 'Counts and durations of the runs that match' })
  @ApiProblems(422)
  getRunStats(@CurrentPrincipal() principal: Principal, @Query() query: RunStatsQueryDto): Promise<RunStatsDto> {
    return this.runs.stats(toRunSelection(principal.tenant, query));
  }

  @Get(':id')
  @Endpoint({ access: 'runs.read', operationId: 'getRun', summary: 'Read a run' })
  @ApiOkResponse({ type: RunDto, description: 'The run as it stands' })
  @ApiProblems(404)
  getRun(@CurrentPrincipal() principal: Principal, @RunId() id: string): Promise<RunDto> {
    return this.runs.get(principal.tenant, id);
  }

  @Get(':id/steps')
  @Endpoint({
    access: 'runs.read',
    operationId: 'listRunSteps',
    summary: 'List the steps of a run',
    description: 'In the order they settled; those still open come last. Nodes that were not reached are not listed.',
  })
  @ApiPage(RunStepDto)
  @ApiProblems(400, 404, 422)
  async listRunSteps(
    @CurrentPrincipal() principal: Principal,
    @RunId() id: string,
    @Query() query: PageQueryDto,
  ): Promise<Page<RunStepDto>> {
    const cursor = query.cursor === undefined ? { settled: 0 } : decodeCursor(query.cursor, isStepsCursor);
    const { steps, next } = await this.runs.steps(principal.tenant, id, cursor, query.limit);
    return { data: steps.map(toRunStep), next_cursor: next === null ? null : encodeCursor({ ...next }) };
  }

  @Get(':id/graph')
  @Endpoint({ access: 'runs.read', operationId: 'getRunGraph', summary: 'Show how each node of a run fares as JSON, Mermaid or DOT' })
  @ApiExtraModels(RunGraphDto)
  @ApiOkResponse({
    description: 'The graph',
    content: {
      'application/json': { schema: { $ref: getSchemaPath(RunGraphDto) } },
      'text/vnd.mermaid': {
        schema: { type: 'string' },
        example: 'flowchart TD\n  n0["fetch<br/>http.request<br/>success, 12 ms"]:::success\n',
      },
      'text/vnd.graphviz': {
        schema: { type: 'string' },
        example: 'digraph workflow {\n  "fetch" [label="fetch\\nhttp.request\\nsuccess, 12 ms"];\n}\n',
      },
    },
  })
  @ApiProblems(404, 422)
  async getRunGraph(
    @CurrentPrincipal() principal: Principal,
    @RunId() id: string,
    @Query() { format }: RunGraphQueryDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<GraphView | string> {
    const view = await this.runs.graph(principal.tenant, id);
    response.setHeader('Content-Type', `${MEDIA_TYPES[format]}; charset=utf-8`);
    return format === 'json' ? view : format === 'mermaid' ? toMermaid(view) : toDot(view);
  }

  @Get(':id/explain')
  @Endpoint({ access: 'runs.read', operationId: 'explainRun', summary: 'Why a run is not moving, since when, and what would move it' })
  @ApiOkResponse({ type: RunExplanationDto, description: 'The reasons, the most telling first' })
  @ApiProblems(404)
  explainRun(@CurrentPrincipal() principal: Principal, @RunId() id: string): Promise<RunExplanationDto> {
    return this.runs.explain(principal.tenant, id);
  }

  @Post(':id/cancel')
  @HttpCode(202)
  @Endpoint({
    access: 'runs.cancel',
    operationId: 'cancelRun',
    summary: 'Cancel a run',
    description:
      'Accepted is not done: the run is `cancelling` until what it does has stopped, then `cancelled`. Repeating it is harmless.',
  })
  @ApiAcceptedResponse({ type: CancellingDto, description: 'It is being cancelled' })
  @ApiOkResponse({ type: CancelledDto, description: 'It was over already; nothing was changed' })
  @ApiProblems(400, 404, 413, 415, 422)
  async cancelRun(
    @CurrentPrincipal() principal: Principal,
    @RunId() id: string,
    @Body() body: CancelRunDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CancellingDto | CancelledDto> {
    const receipt = await this.runs.cancel(principal.tenant, id, body.reason ?? null);
    if (receipt.status === 'cancelling') return { status: receipt.status, stopping: [...receipt.stopping] };
    response.status(200);
    return { status: receipt.status };
  }
}

function isStepsCursor(value: unknown): value is { settled: number } | { open: number } {
  if (typeof value !== 'object' || value === null) return false;
  const [[key, seq] = [], ...others] = Object.entries(value as Partial<StepsCursor>);
  return others.length === 0 && (key === 'settled' || key === 'open') && Number.isSafeInteger(seq);
}
