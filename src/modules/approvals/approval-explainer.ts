import { Injectable, type OnModuleInit } from '@nestjs/common';
import { WaitExplainers, type WaitExplanation } from '../runs/index.js';
import { type Approval, APPROVAL_SIGNAL_PREFIX, approvalSignal } from './approval.js';
import { ApprovalStore } from './approval-store.js';
import { countApprovals } from './votes.js';

/** Tells `GET /runs/{id}/explain` whose decision a run waits for. */
@Injectable()
export class ApprovalExplainer implements OnModuleInit {
  constructor(
    private readonly explainers: WaitExplainers,
    private readonly store: ApprovalStore,
  ) {}

  onModuleInit(): void {
    this.explainers.register(APPROVAL_SIGNAL_PREFIX, (tenant, names) => this.explain(tenant, names));
  }

  private async explain(tenant: string, names: readonly string[]): Promise<ReadonlyMap<string, WaitExplanation>> {
    const approvals = await this.store.findMany(
      tenant,
      names.map((name) => name.slice(APPROVAL_SIGNAL_PREFIX.length)),
    );
    return new Map(approvals.map((approval) => [approvalSignal(approval.id), explanationOf(approval)]));
  }
}

function explanationOf({ id, rules, votes, expiresAt }: Approval): WaitExplanation {
  const { reviewers, quorum } = rules;
  const who = reviewers.length === 0 ? 'somebody who may decide approvals' : `one of ${reviewers.join(', ')}`;
  const inTime = expiresAt === null ? '' : ', or the time to decide is over';
  return {
    type: 'waiting_for_approval',
    approval_id: id,
    reviewers,
    quorum,
    approvals: countApprovals(votes),
    ...(expiresAt === null ? {} : { until: expiresAt.toISOString() }),
    moved_by: `${who} approves or rejects it (POST /runs/{id}/approve or /reject)${inTime}.`,
  };
}
