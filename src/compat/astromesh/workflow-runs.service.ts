import { Injectable } from '@nestjs/common';
import { isTerminal, type JsonObject } from '../../engine/index.js';
import { type Approval, ApprovalsService, SignalsService, type Verdict } from '../../modules/approvals/index.js';
import { type RunDto, RunsService, type StepRecord } from '../../modules/runs/index.js';
import { isUuid } from '../../platform/http/cursor.js';
import type { Principal } from '../../platform/http/permissions.js';
import { everyEntry, orInstead } from '../kit/index.js';
import { notSuspended, runNotFound } from './errors.js';
import { approvalItem, runResult, runState, runStatus } from './workflow-views.js';

/** How many steps of a run are told. */
const STEPS = 500;

/** Runs of workflows, and what they wait for, as Astromesh shows and moves them. */
@Injectable()
export class AstromeshWorkflowRuns {
  constructor(
    private readonly runs: RunsService,
    private readonly decisions: ApprovalsService,
    private readonly signals: SignalsService,
  ) {}

  async result(tenant: string, id: string): Promise<object> {
    return runResult(await this.find(tenant, id), await this.steps(tenant, id));
  }

  async state(tenant: string, id: string): Promise<object> {
    return runState(await this.find(tenant, id), await this.steps(tenant, id));
  }

  /** Sends the signal that the run waits for. */
  async resume(tenant: string, id: string, payload: JsonObject): Promise<object> {
    const run = await this.find(tenant, id);
    if (isTerminal(run.status)) throw notSuspended(id);
    const { reasons } = await this.runs.explain(tenant, id);
    const [awaited, another] = reasons.filter(({ type }) => type === 'waiting_for_signal');
    if (awaited?.name === undefined || another !== undefined) throw notSuspended(id);
    await this.signals.send(tenant, run.id, awaited.name, payload);
    return this.standing(tenant, id);
  }

  async decide(principal: Principal, id: string, verdict: Verdict, comment: string | undefined): Promise<object> {
    const run = await this.find(principal.tenant, id);
    if (isTerminal(run.status)) throw notSuspended(id);
    await this.decisions.vote(principal, run.id, { verdict, comment });
    return this.standing(principal.tenant, id);
  }

  /** Those that nobody has decided yet; with `approver`, those that this one may decide. */
  async approvals(tenant: string, approver: string | undefined): Promise<object[]> {
    const pending = await everyEntry((page) => this.decisions.list({ tenant, statuses: ['pending'] }, page));
    const theirs = ({ rules: { reviewers } }: Approval): boolean =>
      approver === undefined || reviewers.length === 0 || reviewers.includes(approver);
    return pending.filter(theirs).map(approvalItem);
  }

  private async standing(tenant: string, id: string): Promise<object> {
    return { run_id: id, status: runStatus(await this.find(tenant, id)) };
  }

  private find(tenant: string, id: string): Promise<RunDto> {
    if (!isUuid(id)) return Promise.reject(runNotFound(id));
    return orInstead(this.runs.get(tenant, id.toLowerCase()), runNotFound(id));
  }

  private async steps(tenant: string, id: string): Promise<readonly StepRecord[]> {
    return (await this.runs.steps(tenant, id, { settled: 0 }, STEPS)).steps;
  }
}
