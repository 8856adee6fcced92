import { Injectable } from '@nestjs/common';
import type { GraphView } from '../../engine/graph/index.js';
import {
  type CancelReceipt,
  isTerminal,
  RunEngine,
  type RunEvent,
  type RunEventType,
  type RunStatus,
  type StoredDefinition,
} from '../../engine/index.js';
import { hasVisits, mayRestart, sizeOf, viewWorkflow } from '../../engine/workflow/index.js';
import { DefinitionsService } from '../workflows/index.js';
import type { RunExplanationDto } from './dto/explain.dto.js';
import { toRunSummary, type RunDto, type RunSummaryDto, usageOf } from './dto/run.dto.js';
import { ExplainRunQuery, type LiveStanding } from './queries/explain-run.query.js';
import { awaitedChildren, reasonsOf, terminalReason, type Reason } from './queries/explanation.js';
import { GetRunQuery, NEVER_RESTARTED, type RunRestart, type RunSteps } from './queries/get-run.query.js';
import { ListEventsQuery, type EventsPage } from './queries/list-events.query.js';
import { ListRunsQuery } from './queries/list-runs.query.js';
import { ListStepsQuery, type StepsCursor, type StepsPage } from './queries/list-steps.query.js';
import { logLineOf, matchesLogFilter, type LogFilter, type LogLine } from './queries/log-lines.js';
import type { RunFilter, RunSelection } from './queries/run-filter.js';
import type { RunRow } from './queries/run-row.js';
import { RunGraphQuery } from './queries/run-graph.query.js';
import { RunStatsQuery, type RunStats } from './queries/run-stats.query.js';
import { VisitsQuery } from './queries/visits.query.js';
import { WaitExplainers } from './queries/wait-explainers.js';
import { WorkflowIdsQuery } from './queries/workflow-ids.query.js';
import { RunNotFoundError } from './runs.errors.js';

export interface PageOfEvents {
  readonly after: number;
  readonly limit: number;
}

/** What can be asked about runs, and their cancellation. A run of another tenant is no run. */
@Injectable()
export class RunsService {
  constructor(
    private readonly engine: RunEngine,
    private readonly definitions: DefinitionsService,
    private readonly listRuns: ListRunsQuery,
    private readonly getRun: GetRunQuery,
    private readonly listSteps: ListStepsQuery,
    private readonly listEvents: ListEventsQuery,
    private readonly explainRun: ExplainRunQuery,
    private readonly runGraph: RunGraphQuery,
    private readonly visits: VisitsQuery,
    private readonly runStats: RunStatsQuery,
    private readonly workflowIds: WorkflowIdsQuery,
    private readonly waitExplainers: WaitExplainers,
  ) {}

  /** Newest first, at most `limit`; `before` is the last id of the page before. */
  async list(
    selection: RunSelection,
    statuses: readonly RunStatus[],
    page: { before: string | null; limit: number },
  ): Promise<RunSummaryDto[]> {
    const filter = await this.filterOf(selection);
    if (filter === null) return [];
    const rows = await this.listRuns.execute({ filter, statuses, ...page });
    const now = Date.now();
    return rows.map((row) => toRunSummary(row, now));
  }

  async get(tenant: string, runId: string): Promise<RunDto> {
    const row = await this.getRun.withPayloads(tenant, runId);
    if (row === null) throw new RunNotFoundError();
    const definition = await this.definitionOf(row);
    const restart = await this.restartOf(row, definition);
    const total = definition === null ? undefined : sizeOf(definition.definition);
    const steps = await this.stepsOf(row, definition, restart);
    return {
      ...toRunSummary(row),
      inputs: row.inputs ?? {},
      outputs: row.outputs ?? null,
      progress: { completed: steps.completed, total: total ?? steps.completed + steps.open.length },
      current_steps: isTerminal(row.status) ? [] : steps.open,
      attempt: restart.attempt,
      usage: usageOf({ kind: row.kind, outputs: row.outputs ?? null, error: row.error }),
    };
  }

  async steps(tenant: string, runId: string, cursor: StepsCursor, limit: number): Promise<StepsPage> {
    const row = await this.existing(tenant, runId);
    const { seq: restartedAt } = await this.restartOf(row, await this.definitionOf(row));
    return this.listSteps.execute({ tenant, runId, over: isTerminal(row.status), restartedAt, cursor, limit });
  }

  async events(tenant: string, runId: string, page: PageOfEvents, types?: ReadonlySet<RunEventType>): Promise<EventsPage> {
    await this.existing(tenant, runId);
    return this.listEvents.execute({ tenant, runId, ...page, types });
  }

  async logs(tenant: string, runId: string, page: PageOfEvents, filter: LogFilter): Promise<{ lines: LogLine[]; next: number | null }> {
    await this.existing(tenant, runId);
    const keep = (event: RunEvent): boolean => logLine(event, filter) !== null;
    const { events, next } = await this.listEvents.execute({ tenant, runId, ...page, types: OUTPUT_ONLY, keep });
    return { lines: events.map(logLineOf).filter((line) => line !== null), next };
  }

  /** The graph the run executes, with how each node fares. Agents have none. */
  async graph(tenant: string, runId: string): Promise<GraphView> {
    const row = await this.existing(tenant, runId);
    const definition = await this.definitionOf(row);
    if (definition === null) throw new RunNotFoundError();
    const { seq } = await this.restartOf(row, definition);
    const overlay = hasVisits(definition.definition)
      ? await this.visits.overlay(tenant, runId, definition.definition, isTerminal(row.status))
      : await this.runGraph.overlay(tenant, runId, seq);
    return viewWorkflow(definition.definition, overlay);
  }

  async stats(selection: RunSelection): Promise<RunStats> {
    const filter = await this.filterOf(selection);
    return this.runStats.execute(filter ?? { ...selection, workflowIds: [] });
  }

  /** How many of the tenant's runs are not over, by status. */
  live(tenant: string): Promise<Readonly<Record<string, number>>> {
    return this.runStats.live(tenant);
  }

  async cancel(tenant: string, runId: string, reason: string | null): Promise<CancelReceipt> {
    const receipt = await this.engine.cancel({ tenant, runId, reason });
    if (receipt === null) throw new RunNotFoundError();
    return receipt;
  }

  async explain(tenant: string, runId: string): Promise<RunExplanationDto> {
    const row = await this.existing(tenant, runId);
    const standing = await this.explainRun.standing(tenant, runId);
    if (standing !== null) return { run_id: runId, status: row.status, reasons: await this.reasons(row, standing) };
    // It may have ended between the two looks.
    const over = isTerminal(row.status) ? row : await this.existing(tenant, runId);
    return { run_id: runId, status: over.status, reasons: [terminalReason(over.status, over.finished_at, over.created_at)] };
  }

  /** The run's row; 404 when the tenant has no such run. */
  async existing(tenant: string, runId: string): Promise<RunRow> {
    const row = await this.getRun.overview(tenant, runId);
    if (row === null) throw new RunNotFoundError();
    return row;
  }

  private async reasons(row: RunRow, standing: LiveStanding): Promise<Reason[]> {
    const { id, tenant_id: tenant } = row;
    const openSteps = await this.explainRun.openSteps(tenant, id);
    const [children, waits, runRetry, key, line, queue, definition] = await Promise.all([
      this.explainRun.statuses(tenant, awaitedChildren(openSteps)),
      this.waitExplainers.explain(tenant, openSteps),
      this.explainRun.runRetry(tenant, id),
      standing.state === 'queued' ? this.explainRun.key(tenant, standing.concurrency_key ?? '', id) : { holders: [], ahead: 0 },
      standing.state === 'spaced' ? this.explainRun.line(id) : null,
      standing.state === 'ready' || standing.state === 'paused' ? this.explainRun.queue(id) : { workers: [], ahead: 0 },
      standing.state === 'spaced' ? this.definitionOf(row) : null,
    ]);
    const workingOn = this.engine.inspect(id)?.running ?? [];
    const rate = definition?.definition.settings?.rate;
    return reasonsOf({ standing, openSteps, workingOn, children, waits, runRetry, key, line, rate, queue, createdAt: row.created_at });
  }

  private async definitionOf(row: RunRow): Promise<StoredDefinition | null> {
    return this.definitions.byVersionId(row.version_id);
  }

  private async stepsOf(row: RunRow, stored: StoredDefinition | null, restart: RunRestart): Promise<RunSteps> {
    const { id, tenant_id: tenant, status } = row;
    const definition = stored?.definition;
    if (definition === undefined) return await this.getRun.steps(tenant, id, restart);
    if (hasVisits(definition)) {
      const { open } = isTerminal(status) ? { open: [] } : await this.getRun.steps(tenant, id, restart);
      return { completed: await this.visits.count(tenant, id, definition), open };
    }
    // Success settles every node, so there is nothing to count.
    return status === 'success' ? { completed: sizeOf(definition), open: [] } : await this.getRun.steps(tenant, id, restart);
  }

  private async restartOf(row: RunRow, definition: StoredDefinition | null): Promise<RunRestart> {
    if (definition === null || !mayRestart(definition.definition)) return NEVER_RESTARTED;
    return this.getRun.lastRestart(row.tenant_id, row.id);
  }

  /** Null when the workflow named does not exist, so that nothing can match. */
  private async filterOf({ workflow, ...filter }: RunSelection): Promise<RunFilter | null> {
    if (workflow === undefined) return filter;
    const workflowIds = await this.workflowIds.execute(filter.tenant, workflow);
    return workflowIds.length === 0 ? null : { ...filter, workflowIds };
  }
}

export const OUTPUT_ONLY: ReadonlySet<RunEventType> = new Set(['step.output']);

/** The line an event shows under a filter. */
export function logLine(event: RunEvent, filter: LogFilter): LogLine | null {
  const line = logLineOf(event);
  return line !== null && matchesLogFilter(line, filter) ? line : null;
}
