import { Injectable } from '@nestjs/common';
import type { JsonObject } from '../../engine/index.js';
import { type RunDto, RunsService, StartRunService, type StepRecord, type WaitForRun } from '../../modules/runs/index.js';
import { translateMeshflow, WorkflowsService } from '../../modules/workflows/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { isUuid } from '../../platform/http/cursor.js';
import type { Principal } from '../../platform/http/permissions.js';
import { orInstead } from '../kit/index.js';
import { namedBudgets, pipelineFor, runPolicy } from './policy.js';
import { runNotFound } from './problems.js';
import { type MeshRecord, recordsOf } from './records.js';

/** A task to run, as `/run`, `/stream` and the queue take it. */
export interface TaskRequest {
  readonly task: string;
  readonly policy?: JsonObject | undefined;
  readonly context?: JsonObject | undefined;
  readonly workflow?: string | undefined;
  readonly priority?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Reserved by an idempotency key. */
  readonly id?: string | undefined;
}

export interface TaskRun {
  readonly run: RunDto;
  readonly records: readonly MeshRecord[];
}

/** Steps per read. */
const PAGE = 500;
/** How long after its own limit a run is waited for. */
const GRACE_MS = 5_000;

/** Runs as MeshFlow's runs: started by a task, shown as the records of a ledger. */
@Injectable()
export class MeshRuns {
  /** Pipelines that are stored, by tenant and name. */
  private readonly stored = new Set<string>();

  constructor(
    private readonly runs: RunsService,
    private readonly starter: StartRunService,
    private readonly workflows: WorkflowsService,
  ) {}

  /** Accepts a run; with `signal`, waits for its end, at most as long as it may take. */
  async start(principal: Principal, request: TaskRequest, signal?: AbortSignal): Promise<RunDto> {
    const { task, policy = {}, context = {}, workflow, priority, tags, id } = request;
    const { tenant, keyId } = principal;
    const { timeout_s, ...budgets } = runPolicy(policy);
    const timeoutMs = Math.max(1, Math.ceil(timeout_s * 1_000));
    const wait: WaitForRun | undefined = signal === undefined ? undefined : { timeoutMs: timeoutMs + GRACE_MS, signal };
    const common = { tenant, keyId, trigger: 'api', priority, tags, id };
    // It has a limit of its own, and may wait for people, who take their time.
    if (workflow !== undefined) {
      return this.starter.start({ ...common, workflow, inputs: { task, context, policy: namedBudgets(policy) } }, wait);
    }
    const inputs = { task, context, policy: budgets };
    const begin = async (): Promise<RunDto> =>
      this.starter.start({ ...common, workflow: await this.pipeline(principal, task), inputs, timeoutMs }, wait);
    try {
      return await begin();
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 404) throw error;
      // Somebody has deleted it since this process stored it.
      this.stored.clear();
      return begin();
    }
  }

  /** The ids of the newest runs. */
  async list({ tenant }: Principal, page: { readonly limit: number; readonly before?: string | undefined }): Promise<string[]> {
    const runs = await this.runs.list({ tenant }, [], { before: page.before?.toLowerCase() ?? null, limit: page.limit });
    return runs.map(({ id }) => id);
  }

  async find({ tenant }: Principal, id: string): Promise<RunDto> {
    if (!isUuid(id)) throw runNotFound();
    return orInstead(this.runs.get(tenant, id.toLowerCase()), runNotFound());
  }

  async ledger(principal: Principal, id: string): Promise<TaskRun> {
    const run = await this.find(principal, id);
    return { run, records: await this.records(principal, run) };
  }

  async records({ tenant }: Principal, { id }: Pick<RunDto, 'id'>): Promise<MeshRecord[]> {
    const steps: StepRecord[] = [];
    let cursor: Parameters<RunsService['steps']>[2] | null = { settled: 0 };
    while (cursor !== null) {
      const page: Awaited<ReturnType<RunsService['steps']>> = await this.runs.steps(tenant, id, cursor, PAGE);
      steps.push(...page.steps);
      cursor = page.next;
    }
    return recordsOf({ id, tenant }, steps);
  }

  /** The name of the workflow for a task. This process stores it once, like any other. */
  private async pipeline(principal: Principal, task: string): Promise<string> {
    const document = pipelineFor(task);
    const key = `${principal.tenant} ${document.name}`;
    if (this.stored.has(key)) return document.name;
    const translated = translateMeshflow(document, document.name);
    if ('errors' in translated) throw new AppError(500, 'internal_error', 'the pipeline is not valid');
    await this.workflows.create(principal, { json: translated.definition });
    this.stored.add(key);
    return document.name;
  }
}
