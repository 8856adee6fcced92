import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import type { JsonObject } from '../../../engine/index.js';
import { type Approval, APPROVAL_STATUSES, type ApprovalStatus, decisionOf, type Verdict, type Vote } from '../approval.js';

const TIME = { type: 'string', format: 'date-time' } as const;
const OBJECT = { type: 'object', additionalProperties: true } as const;
const HASH_EXAMPLE = '3f0d0a1b9c8e7d6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f';

export class VoteDto {
  @ApiProperty({ enum: ['approved', 'rejected'], example: 'approved' })
  verdict: Verdict;

  @ApiProperty({ description: 'Name of the key', example: 'ada' })
  by: string;

  @ApiProperty({ type: 'string', format: 'uuid', nullable: true, description: 'The key; null for anonymous callers' })
  key_id: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: 'fine with me' })
  comment: string | null;

  @ApiProperty({ ...OBJECT, example: { amount: 90 } })
  edits: JsonObject;

  @ApiProperty({ description: 'Hash of what this reviewer was shown', example: HASH_EXAMPLE })
  content_hash: string;

  @ApiProperty({ ...TIME, example: '2026-03-01T12:00:00.000Z' })
  at: string;

  @ApiProperty({ description: 'False once somebody has edited what it was about', example: true })
  counts: boolean;
}

@ApiExtraModels(VoteDto)
export class ApprovalDto {
  @ApiProperty({ format: 'uuid', example: '0198b3a9-5c6d-7e8f-9a0b-1c2d3e4f5a6b' })
  id: string;

  @ApiProperty({ format: 'uuid', example: '0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b' })
  run_id: string;

  @ApiProperty({ description: 'Name of what runs', example: 'demo/orders' })
  workflow: string;

  @ApiProperty({ description: 'Path of the step that waits', example: 'release' })
  step: string;

  @ApiProperty({ type: 'integer', minimum: 1, description: 'Attempt of the step', example: 1 })
  attempt: number;

  @ApiProperty({ enum: APPROVAL_STATUSES, description: '`cancelled`: its run is over or being cancelled', example: 'pending' })
  status: ApprovalStatus;

  @ApiProperty({ description: 'What is asked', example: 'Ship order 17?' })
  message: string;

  @ApiProperty({ ...OBJECT, nullable: true, description: 'What there is to look at, without the edits', example: { amount: 120 } })
  payload: JsonObject | null;

  @ApiProperty({ type: [String], description: 'Members of the payload that may be changed', example: ['amount'] })
  editable: readonly string[];

  @ApiProperty({ ...OBJECT, nullable: true, description: 'JSON Schema that an edited payload has to fit' })
  payload_schema: JsonObject | null;

  @ApiProperty({
    description: 'SHA-256 of message, payload with the edits so far, and what may be edited; send it with the decision',
    example: HASH_EXAMPLE,
  })
  content_hash: string;

  @ApiProperty({
    type: [String],
    description: 'Roles, or names or ids of keys; empty: whoever may decide approvals',
    example: ['ada', 'admin'],
  })
  reviewers: readonly string[];

  @ApiProperty({ type: 'integer', minimum: 1, description: 'How many have to approve', example: 1 })
  quorum: number;

  @ApiProperty({
    type: 'string',
    enum: ['approve', 'reject', null],
    nullable: true,
    description: 'What counts when nobody decides in time',
  })
  default: 'approve' | 'reject' | null;

  @ApiProperty({ type: 'array', items: { $ref: getSchemaPath(VoteDto) }, description: 'What reviewers said, oldest first' })
  votes: readonly VoteDto[];

  @ApiProperty({ ...OBJECT, description: 'All edits so far', example: {} })
  edits: JsonObject;

  @ApiProperty({ type: 'string', nullable: true, description: 'The comment that came with the decision' })
  comment: string | null;

  @ApiProperty({ type: 'string', nullable: true, description: 'Name of the key whose vote decided' })
  decided_by: string | null;

  @ApiProperty({ ...TIME, nullable: true, description: 'When it stopped being pending' })
  decided_at: string | null;

  @ApiProperty({ ...TIME, example: '2026-03-01T12:00:00.000Z' })
  created_at: string;

  @ApiProperty({ ...TIME, nullable: true, description: 'When the time to decide is over' })
  expires_at: string | null;
}

function toVote({ verdict, by, key_id, comment, edits, content_hash, at, counts }: Vote): VoteDto {
  return { verdict, by, key_id, comment, edits, content_hash, at, counts };
}

export function toApproval(approval: Approval): ApprovalDto {
  const { content, rules } = approval;
  const decision = decisionOf(approval);
  return {
    id: approval.id,
    run_id: approval.runId,
    workflow: approval.workflow,
    step: approval.step,
    attempt: approval.attempt,
    status: approval.status,
    ...content,
    content_hash: approval.contentHash,
    reviewers: rules.reviewers,
    quorum: rules.quorum,
    default: rules.default === null ? null : rules.default === 'approved' ? 'approve' : 'reject',
    votes: approval.votes.map(toVote),
    edits: approval.edits,
    comment: decision?.comment ?? null,
    decided_by: decision?.decided_by ?? null,
    decided_at: approval.decidedAt?.toISOString() ?? null,
    created_at: approval.createdAt.toISOString(),
    expires_at: approval.expiresAt?.toISOString() ?? null,
  };
}
