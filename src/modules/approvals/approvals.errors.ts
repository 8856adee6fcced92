import { AppError, ConflictError, NotFoundError } from '../../platform/errors/app-error.js';
import { type Approval, decisionOf } from './approval.js';

export class ApprovalNotFoundError extends NotFoundError {
  constructor() {
    super('approval');
  }
}

/** Decisions are made once. */
export class AlreadyDecidedError extends ConflictError {
  constructor(approval: Approval) {
    const decision = decisionOf(approval);
    super('already_decided', `the approval at step ${approval.step} is ${approval.status} already`, {
      extensions: {
        approval_id: approval.id,
        step: approval.step,
        approval_status: approval.status,
        decided_by: decision?.decided_by ?? null,
        decided_at: approval.decidedAt?.toISOString() ?? null,
      },
    });
  }
}

export class ApprovalExpiredError extends ConflictError {
  constructor({ id, step }: Approval) {
    super('approval_expired', `the time to decide at step ${step} is over`, { extensions: { approval_id: id, step } });
  }
}

/** The run will not go on, so there is nothing to decide any more. */
export class ApprovalCancelledError extends ConflictError {
  constructor({ id, step }: Approval) {
    super('approval_cancelled', 'the run is over or being cancelled', { extensions: { approval_id: id, step } });
  }
}

export class NoPendingApprovalError extends ConflictError {
  constructor(step: string | undefined) {
    super('no_pending_approval', step === undefined ? 'the run asks for no approval' : `the run asks for no approval at step ${step}`);
  }
}

export class SeveralPendingError extends ConflictError {
  constructor(steps: readonly string[]) {
    super('several_pending', 'several approvals are pending: say which by `step`', { extensions: { steps } });
  }
}

/** What the caller looked at is not what would be decided. */
export class ContentChangedError extends ConflictError {
  constructor({ id, contentHash }: Approval) {
    super('content_changed', 'what is to be decided is not what the content_hash names: look again', {
      extensions: { approval_id: id, content_hash: contentHash },
    });
  }
}

export class AlreadyVotedError extends ConflictError {
  constructor({ id, step }: Approval) {
    super('already_voted', `this key has decided at step ${step}; the quorum needs others`, { extensions: { approval_id: id, step } });
  }
}

export class NotReviewerError extends AppError {
  constructor({ step }: Approval) {
    super(403, 'not_a_reviewer', `this key is not among the reviewers of step ${step}`);
  }
}

/** Names that begin with a module's prefix carry that module's own messages. */
export class SignalReservedError extends AppError {
  constructor(prefix: string) {
    super(403, 'reserved_signal', `signals whose names begin with "${prefix}" are Heddle's own; use approve and reject`);
  }
}
