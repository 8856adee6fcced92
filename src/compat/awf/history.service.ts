import { Injectable } from '@nestjs/common';
import { TERMINAL_RUN_STATUSES } from '../../engine/index.js';
import { RunsService, type RunSummaryDto } from '../../modules/runs/index.js';
import type { Principal } from '../../platform/http/permissions.js';
import type { AwfHistoryDto, AwfStatsDto } from './awf.dto.js';
import { endingOf, historyEntry } from './execution-views.js';

const RUNS_PER_READ = 500;
/** How far back, in executions, times of completion are looked for: they are in no index, since no other list is by them. */
const LOOKED_AT = 10_000;

/** Executions that are over. */
@Injectable()
export class AwfHistory {
  constructor(private readonly runs: RunsService) {}

  /** Completed last first. */
  async list(principal: Principal, query: AwfHistoryDto): Promise<object[]> {
    const enough = query.since === undefined && query.until === undefined ? query.limit : Number.POSITIVE_INFINITY;
    const runs = await this.over(principal.tenant, query, enough);
    const latestFirst = runs.toSorted((a, b) => completion(b) - completion(a));
    return latestFirst.slice(0, query.limit).map(historyEntry);
  }

  async stats({ tenant }: Principal, query: AwfStatsDto): Promise<object> {
    if (query.status === undefined && query.since === undefined && query.until === undefined) {
      const all = await this.runs.stats({ tenant, workflow: query.workflow });
      return statsOf(all.success, all.failed, all.cancelled, all.avg_duration_ms ?? 0);
    }
    const runs = await this.over(tenant, query, Number.POSITIVE_INFINITY);
    const count = (status: string): number => runs.filter((run) => run.status === status).length;
    const total = runs.reduce((sum, run) => sum + (run.duration_ms ?? 0), 0);
    return statsOf(count('success'), count('failed'), count('cancelled'), runs.length === 0 ? 0 : total / runs.length);
  }

  private async over(tenant: string, { workflow, status, since, until }: AwfStatsDto, enough: number): Promise<RunSummaryDto[]> {
    const [from, to] = [since === undefined ? 0 : Date.parse(since), until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until)];
    const statuses = status === undefined ? TERMINAL_RUN_STATUSES : [endingOf(status)];
    const found: RunSummaryDto[] = [];
    let before: string | null = null;
    for (let looked = 0; looked < LOOKED_AT && found.length < enough; looked += RUNS_PER_READ) {
      const page: RunSummaryDto[] = await this.runs.list({ tenant, workflow }, statuses, { before, limit: RUNS_PER_READ });
      found.push(...page.filter((run) => completion(run) >= from && completion(run) <= to));
      before = page.at(-1)?.id ?? null;
      if (page.length < RUNS_PER_READ) break;
    }
    return found;
  }
}

function completion({ finished_at: at, created_at: created }: RunSummaryDto): number {
  return Date.parse(at ?? created);
}

function statsOf(success: number, failed: number, cancelled: number, average: number): object {
  return {
    TotalExecutions: success + failed + cancelled,
    SuccessCount: success,
    FailedCount: failed,
    CancelledCount: cancelled,
    AvgDurationMs: Math.round(average),
  };
}
