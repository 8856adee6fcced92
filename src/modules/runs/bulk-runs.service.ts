import { Injectable } from '@nestjs/common';
import type { RunStatus } from '../../engine/index.js';
import { AppError, UnprocessableError } from '../../platform/errors/app-error.js';
import type { BulkOutcomeDto, BulkRunsResultDto } from './dto/bulk-runs.dto.js';
import type { RunSummaryDto } from './dto/run.dto.js';
import type { RunSelection } from './queries/run-filter.js';
import { ResumeRunService } from './resume-run.service.js';
import { RunsService } from './runs.service.js';

export interface BulkRequest {
  readonly selection: RunSelection;
  readonly statuses: readonly RunStatus[];
  readonly dryRun: boolean;
  /** Runs taken at most. */
  readonly limit: number;
}

const LIVE: readonly RunStatus[] = ['pending', 'running', 'waiting', 'cancelling'];
const RESUMABLE: readonly RunStatus[] = ['failed', 'cancelled'];

/** Cancels or resumes many runs at once. Each run is one decision of its own: what fails for one leaves the others done. */
@Injectable()
export class BulkRunsService {
  constructor(
    private readonly runs: RunsService,
    private readonly resumer: ResumeRunService,
  ) {}

  /** Cancels runs that are not over. */
  cancel(request: BulkRequest, reason: string | null): Promise<BulkRunsResultDto> {
    return this.each(request, LIVE, async (run) => {
      const receipt = await this.runs.cancel(request.selection.tenant, run.id, reason);
      return { id: run.id, status: receipt.status };
    });
  }

  /** Resumes runs that failed or were cancelled, each as a new run that does again what did not succeed. */
  resume(request: BulkRequest): Promise<BulkRunsResultDto> {
    return this.each(request, RESUMABLE, async (run) => {
      const { tenant } = request.selection;
      const resumed = await this.resumer.resume({ tenant, keyId: null, runId: run.id, fromStep: null, inputOverrides: {} });
      return { id: run.id, status: run.status, resumed_as: resumed.id };
    });
  }

  private async each(
    request: BulkRequest,
    sensible: readonly RunStatus[],
    act: (run: RunSummaryDto) => Promise<BulkOutcomeDto>,
  ): Promise<BulkRunsResultDto> {
    const statuses = request.statuses.length === 0 ? sensible : request.statuses.filter((status) => sensible.includes(status));
    if (statuses.length === 0) {
      const message = `must name some of ${sensible.join(', ')}`;
      throw new UnprocessableError('no run in these statuses can be taken', [{ path: '/filter/status', code: 'enum', message }]);
    }
    const found = await this.runs.list(request.selection, statuses, { before: null, limit: request.limit + 1 });
    const outcomes: BulkOutcomeDto[] = [];
    for (const run of found.slice(0, request.limit)) {
      outcomes.push(request.dryRun ? { id: run.id, status: run.status } : await this.decide(run, act));
    }
    return { dry_run: request.dryRun, runs: outcomes, more: found.length > request.limit };
  }

  private async decide(run: RunSummaryDto, act: (run: RunSummaryDto) => Promise<BulkOutcomeDto>): Promise<BulkOutcomeDto> {
    try {
      return await act(run);
    } catch (error) {
      if (error instanceof AppError && error.status < 500) return { id: run.id, status: run.status, refused: error.code };
      throw error;
    }
  }
}
