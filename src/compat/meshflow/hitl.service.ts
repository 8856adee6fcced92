import { Injectable } from '@nestjs/common';
import { type Approval, ApprovalsService, type Verdict } from '../../modules/approvals/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { isUuid } from '../../platform/http/cursor.js';
import type { Principal } from '../../platform/http/permissions.js';
import { everyEntry } from '../kit/index.js';
import type { DecideMeshDto } from './meshflow.dto.js';
import { notPaused } from './problems.js';
import { timestampOf } from './records.js';

/** Approvals as pauses of runs for people. */
@Injectable()
export class MeshHitl {
  constructor(private readonly approvals: ApprovalsService) {}

  async pending({ tenant }: Principal): Promise<object[]> {
    const all = await everyEntry((page) => this.approvals.list({ tenant, statuses: ['pending'] }, page));
    return all.map(pausedRun);
  }

  /** The run goes on, or the gated step is refused. What is not there, or waits for nobody, is not found; a second decision is a conflict. */
  async decide(principal: Principal, runId: string, verdict: Verdict, body: DecideMeshDto): Promise<object> {
    if (!isUuid(runId)) throw notPaused();
    const id = runId.toLowerCase();
    const { node_id: step, reviewer_id: reviewer } = body;
    const notes = body.notes ?? body.comment;
    const comment = reviewer === undefined ? notes : notes === undefined ? reviewer : `${reviewer}: ${notes}`;
    try {
      await this.approvals.vote(principal, id, { verdict, step, comment });
    } catch (error) {
      if (error instanceof AppError && (error.status === 404 || error.code === 'no_pending_approval')) throw notPaused();
      throw error;
    }
    return { run_id: id, status: verdict };
  }
}

function pausedRun({ id, runId, step, createdAt, content }: Approval): object {
  return {
    run_id: runId,
    paused_at: timestampOf(createdAt),
    node_id: step,
    message: content.message,
    approval_id: id,
    context: content.payload ?? {},
  };
}
