import { createHash } from 'node:crypto';
import { canonicalJson } from '../../engine/model/canonical-json.js';
import type { Json, JsonObject } from '../../engine/index.js';

export const APPROVAL_STATUSES = ['pending', 'approved', 'rejected', 'expired', 'cancelled'] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

export type Verdict = 'approved' | 'rejected';

/** What reviewers are shown, and what they may change of it. */
export interface ApprovalContent {
  readonly message: string;
  readonly payload: JsonObject | null;
  /** Members of the payload that a reviewer may change or add. */
  readonly editable: readonly string[];
  /** What the payload has to fit with a reviewer's edits. */
  readonly payload_schema: JsonObject | null;
}

/** Who may decide, and how many it takes. */
export interface ApprovalRules {
  /** Roles, or names or ids of keys; empty: everybody who may decide approvals. */
  readonly reviewers: readonly string[];
  readonly quorum: number;
  /** What counts when nobody has decided in time. */
  readonly default: Verdict | null;
}

/** One reviewer's word. Kept for good, also when it does not count any more. */
export interface Vote {
  readonly id: string;
  readonly verdict: Verdict;
  readonly by: string;
  /** Null for the anonymous role. */
  readonly key_id: string | null;
  readonly comment: string | null;
  readonly edits: JsonObject;
  /** Hex SHA-256 of what this reviewer was shown. */
  readonly content_hash: string;
  readonly at: string;
  /** False once somebody has edited what it was about. */
  readonly counts: boolean;
}

/** An approval as the table has it; `status` as its run makes it. */
export interface Approval {
  readonly id: string;
  readonly tenant: string;
  readonly runId: string;
  readonly workflow: string;
  readonly step: string;
  readonly attempt: number;
  readonly status: ApprovalStatus;
  readonly content: ApprovalContent;
  readonly contentHash: string;
  readonly rules: ApprovalRules;
  readonly votes: readonly Vote[];
  /** All edits so far, the latest of each member. */
  readonly edits: JsonObject;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** When it stopped being pending. */
  readonly decidedAt: Date | null;
}

/** What the waiting step gets: the signal's payload. */
export interface Decision {
  readonly decision: Verdict;
  readonly comment: string | null;
  /** Name of the key whose vote decided; null when time did. */
  readonly decided_by: string | null;
  readonly edits: JsonObject;
  /** The key itself, and what it was shown: for the record. */
  readonly key_id: string | null;
  readonly content_hash: string | null;
}

/** Signals of this name carry decisions; nobody but this module sends them. */
export const APPROVAL_SIGNAL_PREFIX = 'approval:';

export function approvalSignal(id: string): string {
  return `${APPROVAL_SIGNAL_PREFIX}${id}`;
}

/** Hex SHA-256 of exactly what a reviewer is shown: the content with the edits made so far. */
export function hashContent(content: ApprovalContent, edits: JsonObject): string {
  const shown = { ...content, payload: editedPayload(content.payload, edits) };
  return createHash('sha256')
    .update(canonicalJson(shown as unknown as Json))
    .digest('hex');
}

export function editedPayload(payload: JsonObject | null, edits: JsonObject): JsonObject | null {
  return Object.keys(edits).length === 0 ? payload : { ...payload, ...edits };
}

/** The decision a decided approval stands for; null when votes did not decide it. */
export function decisionOf({ status, votes, edits }: Pick<Approval, 'status' | 'votes' | 'edits'>): Decision | null {
  if (status !== 'approved' && status !== 'rejected') return null;
  const last = votes.at(-1);
  return {
    decision: status,
    comment: last?.comment ?? null,
    decided_by: last?.by ?? null,
    edits,
    key_id: last?.key_id ?? null,
    content_hash: last?.content_hash ?? null,
  };
}
