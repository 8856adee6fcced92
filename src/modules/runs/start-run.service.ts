import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import {
  ConcurrencyRejectedError,
  type JsonObject,
  RunEngine,
  type StoredDefinition,
  type SubmitRun,
  type SubmittedRun,
} from '../../engine/index.js';
import { launchOf, sizeOf } from '../../engine/workflow/index.js';
import { NotFoundError } from '../../platform/errors/app-error.js';
import { DefinitionsService } from '../workflows/index.js';
import type { RunDto } from './dto/run.dto.js';
import { RunWaiter, type RunWait } from './feed/run-waiter.js';
import { preparedInputs } from './prepared-inputs.js';
import { OutputReader } from './queries/output-reader.js';
import { endedRun, outputRefAtEnd } from './run-ending.js';
import { ConcurrencyConflictError } from './runs.errors.js';
import { RunsService } from './runs.service.js';

/** A wish for a run of a workflow. */
export interface StartRunRequest {
  readonly tenant: string;
  /** What it has to be a run of; a workflow unless said. */
  readonly kind?: 'workflow' | 'agent' | 'internal' | undefined;
  /** Id or `namespace/name`. */
  readonly workflow: string;
  readonly version?: number | undefined;
  readonly inputs: JsonObject;
  readonly trigger: string;
  /** The API key that asks for it, whose budgets count; null for what no key asks for, such as a trigger. */
  readonly keyId: string | null;
  readonly priority?: number | undefined;
  readonly runAt?: number | undefined;
  readonly concurrencyKey?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly timeoutMs?: number | undefined;
  /** Reserved by an idempotency key: a run of this id that exists already is the answer. */
  readonly id?: string | undefined;
}

export interface WaitForRun {
  readonly timeoutMs: number;
  /** Aborts the waiting, never the run. */
  readonly signal: AbortSignal;
}

/** Starts runs of workflows. Apart from the engine's batched write it reads nothing: definitions are cached. */
@Injectable()
export class StartRunService {
  constructor(
    private readonly engine: RunEngine,
    private readonly definitions: DefinitionsService,
    private readonly waiter: RunWaiter,
    private readonly runs: RunsService,
    private readonly outputs: OutputReader,
  ) {}

  /** Accepts a run; with `wait`, answers with its state at its end or when the time is over. */
  async start(request: StartRunRequest, wait?: WaitForRun): Promise<RunDto> {
    const definition = await this.definitions.resolve(request.tenant, request.workflow, request.version);
    const { kind = 'workflow' } = request;
    if (definition === null || (definition.kind ?? 'workflow') !== kind) throw new NotFoundError(kind === 'agent' ? kind : 'workflow');
    const inputs = preparedInputs(this.definitions, definition, request.inputs, '/inputs');
    const id = request.id ?? uuidv7();
    const submission: SubmitRun = {
      id,
      tenant: request.tenant,
      definition,
      inputs,
      trigger: request.trigger,
      ...(request.keyId === null ? {} : { keyId: request.keyId }),
      ...(request.runAt === undefined ? {} : { runAt: request.runAt }),
      ...(request.tags === undefined ? {} : { tags: request.tags }),
      ...launchOf(this.definitions.compiled(definition), request, {
        runId: id,
        trigger: request.trigger,
        createdAt: Date.now(),
        definition,
        inputs,
      }),
    };
    if (wait === undefined || wait.timeoutMs <= 0) return this.answer(submission, await this.submit(submission));
    const waiting = this.waiter.begin(request.tenant, id);
    try {
      return await this.waitFor(submission, await this.submit(submission), waiting, wait);
    } finally {
      waiting.stop();
    }
  }

  private async waitFor(submission: SubmitRun, submitted: SubmittedRun, waiting: RunWait, wait: WaitForRun): Promise<RunDto> {
    if (!submitted.created) waiting.missedBeginning();
    const over = await waiting.over(wait.timeoutMs, wait.signal);
    const journal = over ? waiting.journal() : null;
    if (journal === null) return this.runs.get(submission.tenant, submitted.runId);
    const run = endedRun(this.accepted(submission, submitted), submission.definition.definition, journal, this.engine.options.owner);
    const ref = outputRefAtEnd(journal);
    return ref === null ? run : { ...run, outputs: await this.outputs.load(submission.tenant, ref) };
  }

  private async answer(submission: SubmitRun, submitted: SubmittedRun): Promise<RunDto> {
    return submitted.created ? this.accepted(submission, submitted) : this.runs.get(submission.tenant, submitted.runId);
  }

  private async submit(submission: SubmitRun): Promise<SubmittedRun> {
    try {
      return await this.engine.submit(submission);
    } catch (error) {
      if (error instanceof ConcurrencyRejectedError) throw new ConcurrencyConflictError(error.key, error.limit, error.holders);
      throw error;
    }
  }

  /** The run as it was accepted, told from what was submitted. */
  private accepted(submission: SubmitRun, submitted: SubmittedRun): RunDto {
    const { definition } = submission;
    const running = submitted.status === 'running';
    const createdAt = new Date(submitted.createdAt).toISOString();
    return {
      id: submitted.runId,
      ...subjectOf(definition),
      status: submitted.status,
      inputs: submission.inputs,
      outputs: null,
      error: null,
      progress: { completed: 0, total: sizeOf(definition.definition) },
      current_steps: [],
      priority: submission.priority ?? 0,
      tags: [...(submission.tags ?? [])],
      trigger: submission.trigger,
      parent_run_id: null,
      parent_step: null,
      resumed_from: null,
      concurrency_key: submission.concurrency?.key ?? null,
      run_at: submission.runAt === undefined ? null : new Date(submission.runAt).toISOString(),
      timeout_ms: submission.timeoutMs ?? null,
      attempt: 1,
      worker: running ? this.engine.options.owner : null,
      created_at: createdAt,
      started_at: running ? createdAt : null,
      finished_at: null,
      duration_ms: running ? 0 : null,
      usage: null,
    };
  }
}

function subjectOf({ kind = 'workflow', workflowId: id, name, version }: StoredDefinition): Pick<RunDto, 'kind' | 'workflow' | 'agent'> {
  return kind === 'agent'
    ? { kind, workflow: null, agent: { name, version } }
    : { kind: 'workflow', workflow: { id, name, version }, agent: null };
}
