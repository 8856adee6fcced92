import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { EntityManager } from 'typeorm';
import type { Json, JsonObject } from '../../engine/index.js';
import type { Principal } from '../../platform/http/permissions.js';
import { RunsService, RunSignals } from '../runs/index.js';
import { type Approval, approvalSignal, type Decision, decisionOf, type Verdict, type Vote } from './approval.js';
import { type ApprovalFilter, ApprovalStore } from './approval-store.js';
import * as errors from './approvals.errors.js';
import { checkEdits } from './edits.js';
import { isReviewer } from './reviewers.js';
import { countVote } from './votes.js';

export interface VoteRequest {
  readonly verdict: Verdict;
  readonly step?: string | undefined;
  readonly comment?: string | undefined;
  readonly edits?: JsonObject | undefined;
  /** What the reviewer looked at; checked when given. */
  readonly contentHash?: string | undefined;
  /** The same id is the same vote, told again. */
  readonly id?: string | undefined;
}

const MAX_NAMED_STEPS = 100;

/** Approvals as their reviewers see them. */
@Injectable()
export class ApprovalsService {
  constructor(
    private readonly store: ApprovalStore,
    private readonly runs: RunsService,
    private readonly signals: RunSignals,
  ) {}

  list(filter: ApprovalFilter, page: { readonly before: string | null; readonly limit: number }): Promise<Approval[]> {
    return this.store.list(filter, page);
  }

  async get(tenant: string, id: string): Promise<Approval> {
    const approval = await this.store.find(tenant, id);
    if (approval === null) throw new errors.ApprovalNotFoundError();
    return approval;
  }

  /** A reviewer decides, or adds to the quorum. Returns the approval as it is then. */
  async vote(principal: Principal, runId: string, request: VoteRequest): Promise<Approval> {
    const { tenant } = principal;
    await this.runs.existing(tenant, runId);
    const told = request.id === undefined ? null : await this.store.withVote(tenant, runId, request.id);
    if (told !== null) return told;
    const { id } = await this.pick(tenant, runId, request.step);
    const { wake } = await this.store.transaction((manager) => this.voteWithin(manager, principal, id, request));
    if (wake) this.signals.wake(runId);
    return await this.get(tenant, id);
  }

  /** The one approval that is meant. */
  private async pick(tenant: string, runId: string, step: string | undefined): Promise<Approval> {
    const pending = await this.store.pending(tenant, runId, step, MAX_NAMED_STEPS);
    const [only, another] = pending;
    if (another !== undefined) throw new errors.SeveralPendingError(pending.map((approval) => approval.step));
    if (only !== undefined) return only;
    const last = await this.store.lastDecided(tenant, runId, step);
    throw last === null ? new errors.NoPendingApprovalError(step) : refusalOf(last);
  }

  /**
   * The approval's row is locked from the look to the commit, and the decision commits together with the signal that carries it:
   * a second decision finds the first, and no decision is ever without its run knowing.
   */
  private async voteWithin(manager: EntityManager, principal: Principal, id: string, request: VoteRequest): Promise<{ wake: boolean }> {
    const locked = await this.store.lock(manager, id);
    if (locked === null) throw new errors.ApprovalNotFoundError();
    const { approval, now } = locked;
    const vote = admit(approval, principal, request, now);
    const tally = countVote(approval, vote);
    await this.store.write(manager, id, tally);
    const decision = decisionOf(tally);
    if (decision === null) return { wake: false };
    await this.send(manager, approval, decision);
    return { wake: true };
  }

  private async send(manager: EntityManager, approval: Approval, decision: Decision): Promise<void> {
    const outcome = await this.signals.sendWithin(manager, {
      tenant: approval.tenant,
      runId: approval.runId,
      name: approvalSignal(approval.id),
      payload: decision as unknown as Json,
    });
    if (outcome !== 'sent') throw new errors.ApprovalCancelledError(approval);
  }
}

/** The vote, if the approval still takes this one from this caller. */
function admit(approval: Approval, principal: Principal, request: VoteRequest, now: Date): Vote {
  if (approval.status !== 'pending') throw refusalOf(approval);
  if (approval.expiresAt !== null && approval.expiresAt <= now) throw new errors.ApprovalExpiredError(approval);
  if (!isReviewer(principal, approval.rules.reviewers)) throw new errors.NotReviewerError(approval);
  if (request.contentHash !== undefined && request.contentHash !== approval.contentHash) throw new errors.ContentChangedError(approval);
  if (approval.votes.some((vote) => vote.counts && vote.key_id === principal.keyId)) throw new errors.AlreadyVotedError(approval);
  const edits = request.edits ?? {};
  checkEdits(approval.content, approval.edits, edits);
  return {
    id: request.id ?? uuidv7(),
    verdict: request.verdict,
    by: principal.keyName,
    key_id: principal.keyId,
    comment: request.comment ?? null,
    edits,
    content_hash: approval.contentHash,
    at: now.toISOString(),
    counts: true,
  };
}

function refusalOf(approval: Approval): Error {
  switch (approval.status) {
    case 'expired':
      return new errors.ApprovalExpiredError(approval);
    case 'cancelled':
      return new errors.ApprovalCancelledError(approval);
    default:
      return new errors.AlreadyDecidedError(approval);
  }
}
