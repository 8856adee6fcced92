import type { JsonObject } from '../../engine/index.js';
import { type Approval, hashContent, type Vote } from './approval.js';

/** What a vote makes of an approval. */
export interface Tally {
  readonly status: 'pending' | 'approved' | 'rejected';
  readonly votes: readonly Vote[];
  readonly edits: JsonObject;
  readonly contentHash: string;
}

/**
 * Counts a vote. One rejection decides. An approval decides when it completes the quorum; one that edits what is shown voids the
 * approvals before it, because they were about something else.
 */
export function countVote(approval: Approval, vote: Vote): Tally {
  const edits = { ...approval.edits, ...vote.edits };
  const edited = hashContent(approval.content, edits);
  if (vote.verdict === 'rejected') {
    return { status: 'rejected', votes: [...approval.votes, vote], edits, contentHash: approval.contentHash };
  }
  const changed = edited !== approval.contentHash;
  const votes = [...approval.votes.map((earlier) => (changed ? { ...earlier, counts: false } : earlier)), vote];
  const decided = countApprovals(votes) >= approval.rules.quorum;
  return { status: decided ? 'approved' : 'pending', votes, edits, contentHash: decided ? approval.contentHash : edited };
}

export function countApprovals(votes: readonly Vote[]): number {
  return votes.filter(({ counts, verdict }) => counts && verdict === 'approved').length;
}
