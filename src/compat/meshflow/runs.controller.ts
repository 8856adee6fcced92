import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { RunsService } from '../../modules/runs/index.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { ListMeshRunsDto, MeshGraphDto } from './meshflow.dto.js';
import { graphOfRecords, type MeshGraph, toMeshDot, toMeshMermaid } from './run-graph.js';
import { MeshRuns, type TaskRun } from './runs.service.js';
import { listOf, orAbsent } from '../kit/index.js';
import { RECORD, RUN_IDS, SUMMARY, TRACE } from './schemas.js';
import { summaryOf } from './summaries.js';

const RunId = ApiParam({ name: 'run_id', format: 'uuid' });

@ApiTags('Runs')
@Controller('compat/meshflow')
export class MeshRunsController {
  constructor(
    private readonly meshRuns: MeshRuns,
    private readonly runs: RunsService,
  ) {}

  @Get('runs')
  @Endpoint({ access: 'runs.read', operationId: 'listRuns', summary: 'List recent run ids, newest first' })
  @ApiOkResponse({ schema: RUN_IDS })
  async listRuns(@CurrentPrincipal() principal: Principal, @Query() query: ListMeshRunsDto): Promise<object> {
    return { runs: await this.meshRuns.list(principal, query) };
  }

  @Get('runs/:run_id')
  @Endpoint({ access: 'runs.read', operationId: 'getRun', summary: 'All steps of a run' })
  @RunId
  @ApiOkResponse({ schema: listOf(RECORD) })
  async getRun(@CurrentPrincipal() principal: Principal, @Param('run_id') id: string): Promise<object> {
    return (await this.meshRuns.ledger(principal, id)).records;
  }

  @Get('runs/:run_id/summary')
  @Endpoint({ access: 'runs.read', operationId: 'getRunSummary', summary: 'What a run has come to' })
  @RunId
  @ApiOkResponse({ schema: SUMMARY })
  async getRunSummary(@CurrentPrincipal() principal: Principal, @Param('run_id') id: string): Promise<object> {
    const { run, records } = await this.meshRuns.ledger(principal, id);
    return summaryOf(run, records);
  }

  @Get('traces')
  @Endpoint({ access: 'runs.read', operationId: 'listTraces', summary: 'List recent run ids, newest first' })
  @ApiOkResponse({ schema: RUN_IDS })
  listTraces(@CurrentPrincipal() principal: Principal, @Query() query: ListMeshRunsDto): Promise<object> {
    return this.listRuns(principal, query);
  }

  @Get('traces/:run_id')
  @Endpoint({ access: 'runs.read', operationId: 'getTrace', summary: 'A run with its summary and all steps' })
  @RunId
  @ApiOkResponse({ schema: TRACE })
  async getTrace(@CurrentPrincipal() principal: Principal, @Param('run_id') id: string): Promise<object> {
    const { run, records } = await this.meshRuns.ledger(principal, id);
    return { run_id: run.id, summary: summaryOf(run, records), steps: records };
  }

  @Get('graph/:run_id')
  @Endpoint({
    access: 'runs.read',
    operationId: 'getGraph',
    summary: 'The graph of a run, as Mermaid or DOT; empty when there is no such run',
  })
  @RunId
  @ApiProduces('text/plain', 'text/vnd.graphviz')
  @ApiOkResponse({ schema: { type: 'string' } })
  async getGraph(
    @CurrentPrincipal() principal: Principal,
    @Param('run_id') id: string,
    @Query() { format }: MeshGraphDto,
    @Res() response: Response,
  ): Promise<void> {
    const found = await orAbsent(this.meshRuns.ledger(principal, id));
    const records = found?.records ?? [];
    const graph = found === null ? graphOfRecords(id, []) : await this.graphOf(principal, found);
    response.setHeader('Content-Type', format === 'dot' ? 'text/vnd.graphviz; charset=utf-8' : 'text/plain; charset=utf-8');
    response.send(format === 'dot' ? toMeshDot(graph, records) : toMeshMermaid(graph, records));
  }

  private async graphOf({ tenant }: Principal, { run, records }: TaskRun): Promise<MeshGraph> {
    if (run.workflow === null) return graphOfRecords(run.id, records);
    const view = await orAbsent(this.runs.graph(tenant, run.id));
    return view === null ? graphOfRecords(run.id, records) : { runId: run.id, nodes: view.nodes.map((node) => node.id), edges: view.edges };
  }
}
