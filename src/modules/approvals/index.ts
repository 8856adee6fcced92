/** Asks people in the middle of a node's work. */
export { ApprovalGate, type GateCall } from './approval-gate.js';
export { ApprovalsModule } from './approvals.module.js';
/** Approvals for other entrances: list, read, decide. */
export { ApprovalsService, type VoteRequest } from './approvals.service.js';
export type { Approval, ApprovalStatus, Decision, Verdict } from './approval.js';
/** Signals that users send to runs. */
export { SignalsService } from './signals.service.js';
