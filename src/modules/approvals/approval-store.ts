import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { JsonObject } from '../../engine/index.js';
import {
  type Approval,
  type ApprovalContent,
  type ApprovalRules,
  type ApprovalStatus,
  hashContent,
  type Verdict,
  type Vote,
} from './approval.js';
import type { Tally } from './votes.js';

export interface ApprovalRequest {
  readonly tenant: string;
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  readonly content: ApprovalContent;
  readonly rules: ApprovalRules;
  /** Epoch milliseconds, or null. */
  readonly expiresAt: number | null;
}

export interface ApprovalFilter {
  readonly tenant: string;
  readonly statuses?: readonly ApprovalStatus[] | undefined;
  readonly runId?: string | undefined;
}

interface ApprovalRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly run_id: string;
  readonly workflow: string;
  readonly step: string;
  readonly attempt: number;
  readonly status: ApprovalStatus;
  readonly content: ApprovalContent;
  readonly content_hash: Buffer;
  readonly reviewers: string[];
  readonly quorum: number;
  readonly default_decision: Verdict | null;
  readonly votes: Vote[];
  readonly edits: JsonObject;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly decided_at: Date | null;
}

/**
 * An approval's status as its run makes it: nothing is pending in a run that is over or will not go on, also before the sweep
 * has written so.
 */
const STATUS = `CASE WHEN a.status = 'pending' AND o.status IN ('success', 'failed', 'cancelled', 'cancelling') THEN 'cancelled' ELSE a.status END`;

const COLUMNS = `a.id, a.tenant_id, a.run_id, o.subject_name AS workflow, a.step, a.attempt, ${STATUS} AS status, a.content, a.content_hash,
  a.reviewers, a.quorum, a.default_decision, a.votes, a.edits, a.created_at, a.expires_at,
  CASE WHEN a.decided_at IS NULL AND ${STATUS} = 'cancelled' THEN coalesce(o.finished_at, o.cancel_requested_at) ELSE a.decided_at END AS decided_at`;
const FROM = 'approvals a JOIN run_overview o ON o.id = a.run_id';

/** The approvals of all runs. */
@Injectable()
export class ApprovalStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Asks once, however often it is called for the same attempt of a step. Returns the approval's id. */
  async request({ tenant, runId, step, attempt, content, rules, expiresAt }: ApprovalRequest): Promise<string> {
    await this.dataSource.query(
      `INSERT INTO approvals (id, tenant_id, run_id, step, attempt, content, content_hash, reviewers, quorum, default_decision, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (run_id, step, attempt) DO NOTHING`,
      [
        uuidv7(),
        tenant,
        runId,
        step,
        attempt,
        JSON.stringify(content),
        Buffer.from(hashContent(content, {}), 'hex'),
        rules.reviewers,
        rules.quorum,
        rules.default,
        expiresAt === null ? null : new Date(expiresAt),
      ],
    );
    const [row] = await this.dataSource.query<{ id: string }[]>(
      'SELECT id FROM approvals WHERE run_id = $1 AND step = $2 AND attempt = $3',
      [runId, step, attempt],
    );
    if (row === undefined) throw new Error(`the approval of ${runId} at ${step} is gone`);
    return row.id;
  }

  /** Ends the time to decide. What was decided before stays so: read it afterwards. */
  async expire(id: string): Promise<void> {
    await this.dataSource.query(`UPDATE approvals SET status = 'expired', decided_at = now() WHERE id = $1 AND status = 'pending'`, [id]);
  }

  /** The step that asked is given up. */
  async withdraw(id: string): Promise<void> {
    await this.dataSource.query(`UPDATE approvals SET status = 'cancelled', decided_at = now() WHERE id = $1 AND status = 'pending'`, [id]);
  }

  async find(tenant: string, id: string): Promise<Approval | null> {
    return this.one(this.dataSource.manager, `a.tenant_id = $1 AND a.id = $2`, [tenant, id]);
  }

  findMany(tenant: string, ids: readonly string[]): Promise<Approval[]> {
    return this.many(`a.tenant_id = $1 AND a.id = ANY ($2::uuid[])`, [tenant, ids]);
  }

  /** Newest first. */
  list(filter: ApprovalFilter, page: { readonly before: string | null; readonly limit: number }): Promise<Approval[]> {
    const conditions = ['a.tenant_id = $1'];
    const parameters: unknown[] = [filter.tenant];
    const where = (value: unknown, condition: (parameter: string) => string): void => {
      if (value !== undefined) conditions.push(condition(`$${parameters.push(value)}`));
    };
    where(page.before ?? undefined, (before) => `a.id < ${before}`);
    where(filter.runId, (run) => `a.run_id = ${run}`);
    where(filter.statuses, (statuses) => `${STATUS} = ANY (${statuses})`);
    // Said apart, so that the index of pending approvals serves the question that is asked most.
    if (filter.statuses?.length === 1 && filter.statuses[0] === 'pending') conditions.push(`a.status = 'pending'`);
    return this.many(`${conditions.join(' AND ')} ORDER BY a.id DESC LIMIT ${page.limit}`, parameters);
  }

  /** The oldest pending approvals of a run, at one step or at any. */
  pending(tenant: string, runId: string, step: string | undefined, limit: number): Promise<Approval[]> {
    return this.many(
      `a.tenant_id = $1 AND a.run_id = $2 AND a.step = coalesce($3, a.step) AND ${STATUS} = 'pending' ORDER BY a.id LIMIT ${limit}`,
      [tenant, runId, step ?? null],
    );
  }

  /** The approval of a run that was decided last, at one step or at any. */
  async lastDecided(tenant: string, runId: string, step: string | undefined): Promise<Approval | null> {
    const condition = `a.tenant_id = $1 AND a.run_id = $2 AND a.step = coalesce($3, a.step) ORDER BY a.decided_at DESC NULLS LAST, a.id DESC LIMIT 1`;
    return this.one(this.dataSource.manager, condition, [tenant, runId, step ?? null]);
  }

  /** The approval that holds a vote of this id. */
  async withVote(tenant: string, runId: string, voteId: string): Promise<Approval | null> {
    const condition = `a.tenant_id = $1 AND a.run_id = $2 AND EXISTS (SELECT FROM json_array_elements(a.votes) v WHERE v ->> 'id' = $3)`;
    return this.one(this.dataSource.manager, condition, [tenant, runId, voteId]);
  }

  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(work);
  }

  /** Locks an approval until the transaction ends: decisions about it happen one after the other. */
  async lock(manager: EntityManager, id: string): Promise<{ approval: Approval; now: Date } | null> {
    const [locked] = await manager.query<{ now: Date }[]>('SELECT clock_timestamp() AS now FROM approvals WHERE id = $1 FOR UPDATE', [id]);
    const approval = locked === undefined ? null : await this.one(manager, 'a.id = $1', [id]);
    return locked === undefined || approval === null ? null : { approval, now: locked.now };
  }

  /** Writes what a vote made of a pending approval. */
  async write(manager: EntityManager, id: string, { status, votes, edits, contentHash }: Tally): Promise<void> {
    await manager.query(
      `UPDATE approvals SET status = $2::text, votes = $3, edits = $4, content_hash = $5,
         decided_at = CASE WHEN $2::text <> 'pending' THEN clock_timestamp() END
       WHERE id = $1 AND status = 'pending'`,
      [id, status, JSON.stringify(votes), JSON.stringify(edits), Buffer.from(contentHash, 'hex')],
    );
  }

  /** Writes down that nothing is pending any more in runs that are over: in these, or in whichever. */
  async cancelOfEndedRuns(runIds: readonly string[] | null): Promise<void> {
    await this.dataSource.query(
      `UPDATE approvals a SET status = 'cancelled', decided_at = coalesce(r.finished_at, now())
       FROM runs r WHERE a.status = 'pending' AND r.id = a.run_id AND r.status IS NOT NULL ${runIds === null ? '' : 'AND a.run_id = ANY ($1::uuid[])'}`,
      runIds === null ? [] : [runIds],
    );
  }

  private async one(manager: EntityManager, condition: string, parameters: unknown[]): Promise<Approval | null> {
    const [row] = await manager.query<ApprovalRow[]>(`SELECT ${COLUMNS} FROM ${FROM} WHERE ${condition}`, parameters);
    return row === undefined ? null : toApproval(row);
  }

  private async many(condition: string, parameters: unknown[]): Promise<Approval[]> {
    const rows = await this.dataSource.query<ApprovalRow[]>(`SELECT ${COLUMNS} FROM ${FROM} WHERE ${condition}`, parameters);
    return rows.map(toApproval);
  }
}

function toApproval(row: ApprovalRow): Approval {
  return {
    id: row.id,
    tenant: row.tenant_id,
    runId: row.run_id,
    workflow: row.workflow,
    step: row.step,
    attempt: row.attempt,
    status: row.status,
    content: row.content,
    contentHash: row.content_hash.toString('hex'),
    rules: { reviewers: row.reviewers, quorum: row.quorum, default: row.default_decision },
    votes: row.votes,
    edits: row.edits,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    decidedAt: row.decided_at,
  };
}
