import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import {
  type JournalEntry,
  type JsonObject,
  type LaunchContext,
  RunEngine,
  type RunInfo,
  StepError,
  type StoredDefinition,
  type TerminalRunStatus,
} from '../../engine/index.js';
import { ConflictError, UnprocessableError } from '../../platform/errors/app-error.js';
import { DefinitionsService } from '../workflows/index.js';
import type { RunDto } from './dto/run.dto.js';
import { preparedInputs } from './prepared-inputs.js';
import { RunNotFoundError } from './runs.errors.js';
import { RunsService } from './runs.service.js';

/** A wish to go on with a run that is over, as a new one. */
export interface ResumeRunRequest {
  readonly tenant: string;
  /** The API key that asks for it; null: the budgets of the first run's key go on counting. */
  readonly keyId: string | null;
  readonly runId: string;
  readonly fromStep: string | null;
  readonly inputOverrides: JsonObject;
  readonly version?: number | undefined;
  /** Reserved by an idempotency key. */
  readonly id?: string | undefined;
}

interface OldRun {
  readonly version_id: string;
  readonly workflow_id: string;
  readonly status: TerminalRunStatus | null;
  readonly priority: number;
  readonly tags: string[] | null;
  readonly data: string;
}

/** Starts a new run that keeps an old one's results instead of executing their steps again. */
@Injectable()
export class ResumeRunService {
  constructor(
    private readonly engine: RunEngine,
    private readonly definitions: DefinitionsService,
    private readonly runs: RunsService,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  /** Answers with the new run. Throws 404, 409 `run_not_over`, and 422 naming what stands against it. */
  async resume(request: ResumeRunRequest): Promise<RunDto> {
    const old = await this.find(request.tenant, request.runId);
    if (old.status === null) throw new ConflictError('run_not_over', 'the run is not over; cancel it first');
    if (old.status === 'success' && request.fromStep === null) {
      throw refused('/from_step', 'required', 'every step of the run succeeded; say from which one to do it again');
    }
    const then = await this.definitions.byVersionId(old.version_id);
    const definition = await this.versionFor(request, old, then);
    const { inputs: oldInputs } = JSON.parse(old.data) as { inputs: JsonObject };
    const inputs = preparedInputs(this.definitions, definition, { ...oldInputs, ...request.inputOverrides }, '/input_overrides');
    const id = request.id ?? uuidv7();
    const launch = { runId: id, trigger: 'resume', createdAt: Date.now(), definition, inputs };
    const program = this.engine.program(definition);
    const plan = await program.planResume({
      entries: await this.journalOf(request.tenant, request.runId),
      from: request.fromStep,
      before: this.engine.program(then),
      run: newRunInfo(request.tenant, launch),
      inputs,
    });
    if (plan.faults.length > 0) throw new UnprocessableError('the run cannot be resumed like this', plan.faults, 'not_resumable');
    const { runId } = await this.engine.submit({
      id,
      tenant: request.tenant,
      definition,
      inputs,
      trigger: 'resume',
      ...(request.keyId === null ? {} : { keyId: request.keyId }),
      resumedFrom: request.runId,
      kept: plan.kept,
      tags: old.tags ?? [],
      ...program.launch({ priority: old.priority }, launch),
    });
    return await this.runs.get(request.tenant, runId);
  }

  private async find(tenant: string, runId: string): Promise<OldRun> {
    const [old] = await this.dataSource.query<OldRun[]>(
      `SELECT r.version_id, r.workflow_id, r.status, r.priority, r.tags, e.data::text AS data
       FROM runs r JOIN run_events e ON e.run_id = $1 AND e.seq = e.span
       WHERE r.id = $1 AND r.tenant_id = $2`,
      [runId, tenant],
    );
    if (old === undefined) throw new RunNotFoundError();
    return old;
  }

  /** Complete, with the outputs that are kept outside of it. */
  private async journalOf(tenant: string, runId: string): Promise<readonly JournalEntry[]> {
    try {
      return await this.engine.outputs.putBack(tenant, await this.engine.journal(runId));
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      throw new ConflictError(error.code, 'an output of the run is lost, so that it cannot be gone on with', { cause: error });
    }
  }

  private async versionFor(request: ResumeRunRequest, old: OldRun, then: StoredDefinition): Promise<StoredDefinition> {
    if (request.version === undefined || request.version === then.version) return then;
    const definition = await this.definitions.resolve(request.tenant, old.workflow_id, request.version);
    if (definition === null) throw refused('/version', 'unknown_version', `the workflow has no version ${request.version}`);
    return definition;
  }
}

/** What a run that is about to be created will know of itself. */
function newRunInfo(tenant: string, { runId, trigger, createdAt, definition }: LaunchContext): RunInfo {
  const { workflowId, name, version, source } = definition;
  const kind = definition.kind === 'agent' ? 'agent' : 'workflow';
  const workflow = { id: workflowId, name, version };
  return { id: runId, tenant, kind, workflow, source, trigger, createdAt: new Date(createdAt).toISOString(), depth: 0 };
}

function refused(path: string, code: string, message: string): UnprocessableError {
  return new UnprocessableError('the run cannot be resumed like this', [{ path, code, message }], 'not_resumable');
}
