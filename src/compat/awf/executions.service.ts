import { Injectable } from '@nestjs/common';
import { isTerminal, type RunEvent } from '../../engine/index.js';
import { RunPrompts } from '../../modules/agents/index.js';
import {
  type FeedFrame,
  type FeedSink,
  ResumeRunService,
  type RunDto,
  RunsService,
  RunStreamService,
  type RunSummaryDto,
} from '../../modules/runs/index.js';
import { DefinitionsService } from '../../modules/workflows/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { isUuid } from '../../platform/http/cursor.js';
import type { Principal } from '../../platform/http/permissions.js';
import { orAbsent, orInstead } from '../kit/index.js';
import type { EventFormat, InputResponseDto, ResumeAwfDto } from './awf.dto.js';
import { awfEvent, type ToldRun } from './events.js';
import { execution, nameOfRun, type Standing } from './execution-views.js';
import { plainMessage } from './plain-messages.js';
import { executionNotFound, notResumable, notWaiting } from './problems.js';
import { RunSteps } from './run-steps.js';

/** How many executions are listed, newest first. */
const LISTED = 200;
/** How many steps are looked at to say where an execution is; in one with more, it is told by its first ones. */
const STEPS = 500;
/** How an end that was come to is recorded among the steps. */
const TERMINAL = 'states.terminal';

/** Runs as AWF's executions. */
@Injectable()
export class AwfExecutions {
  constructor(
    private readonly runs: RunsService,
    private readonly resumer: ResumeRunService,
    private readonly streams: RunStreamService,
    private readonly definitions: DefinitionsService,
    private readonly prompts: RunPrompts,
  ) {}

  async list({ tenant }: Principal): Promise<object[]> {
    const runs = await this.runs.list({ tenant }, [], { before: null, limit: LISTED });
    return Promise.all(runs.map(async (run) => execution(run, await this.standing(tenant, run))));
  }

  async get({ tenant }: Principal, id: string): Promise<object> {
    const run = await this.find(tenant, id);
    return execution(run, await this.standing(tenant, run));
  }

  async find(tenant: string, id: string): Promise<RunDto> {
    if (!isUuid(id)) throw executionNotFound(id);
    return orInstead(this.runs.get(tenant, id.toLowerCase()), executionNotFound(id));
  }

  /** What is not there, or over, is as good as cancelled. */
  async cancel({ tenant }: Principal, id: string): Promise<void> {
    if (!isUuid(id)) return;
    await orAbsent(this.runs.cancel(tenant, id.toLowerCase(), null));
  }

  /** Answers with the id of the new execution. What cannot be resumed is not found, whatever the reason. */
  async resume(
    { tenant, keyId }: Principal,
    id: string,
    { from_step: from, input_overrides: overrides = {} }: ResumeAwfDto,
  ): Promise<string> {
    const run = await orInstead(this.find(tenant, id), notResumable(id));
    if (run.status === 'success') throw notResumable(id);
    const fromStep = await this.stepNamed(tenant, run, from);
    if (fromStep === undefined) throw notResumable(id);
    try {
      return (await this.resumer.resume({ tenant, keyId, runId: run.id, fromStep, inputOverrides: overrides })).id;
    } catch (error) {
      if (error instanceof AppError && error.status < 500) throw notResumable(id);
      throw error;
    }
  }

  /** All that has happened, then what happens, until the end. */
  async follow(tenant: string, run: RunDto, after: number, format: EventFormat, sink: FeedSink): Promise<void> {
    const told = { workflow: nameOfRun(run), steps: await this.stepsOf(tenant, run) };
    const words = format === 'named' ? awfEvent : unnamed;
    const frame = (event: RunEvent): FeedFrame | null => {
      const said = words(event, told);
      return said === null ? null : { id: String(event.seq), ...said };
    };
    await this.streams.stream({ tenant, runId: run.id, after, frame }, sink);
  }

  /** Tells a conversation what it waits for. Without an id of a prompt, the one that waits is meant. */
  async respond({ tenant }: Principal, id: string, { PromptID: promptId, Value: value }: InputResponseDto): Promise<void> {
    const run = await this.find(tenant, id);
    const pending = await this.prompts.pending(tenant, run.id);
    const prompt = promptId === '' ? pending[0] : pending.find((each) => each.id === promptId);
    if (prompt === undefined) throw notWaiting(id, promptId);
    await this.prompts.answer(tenant, run.id, prompt.id, value);
  }

  /** The path to begin at; null for the beginning, undefined when there is no such step. Where it stopped is where work failed, not the end that led to. */
  private async stepNamed(tenant: string, run: RunDto, name: string | undefined): Promise<string | null | undefined> {
    const [{ steps }, places] = await Promise.all([this.runs.steps(tenant, run.id, { settled: 0 }, STEPS), this.stepsOf(tenant, run)]);
    const worked = steps.filter(({ type, path }) => type !== TERMINAL && places.named(path) !== null);
    const current = worked.findLast(({ status }) => status === 'failed') ?? worked.at(-1);
    if (name === undefined || name === '' || name === 'current') return current?.path ?? null;
    if (name === 'previous') return worked.findLast(({ path, status }) => status === 'success' && path !== current?.path)?.path;
    return steps.findLast(({ path }) => places.named(path) === name)?.path;
  }

  private async stepsOf(tenant: string, { workflow }: Pick<RunSummaryDto, 'workflow'>): Promise<RunSteps> {
    const stored = workflow === null ? null : await this.definitions.resolve(tenant, workflow.id, workflow.version);
    return new RunSteps(stored?.definition ?? null);
  }

  private async standing(tenant: string, run: RunSummaryDto): Promise<Standing> {
    const over = isTerminal(run.status);
    const [{ steps }, places] = await Promise.all([this.runs.steps(tenant, run.id, { settled: 0 }, STEPS), this.stepsOf(tenant, run)]);
    const names = steps.map(({ path }) => places.at(path)?.step ?? null);
    const times = steps.flatMap(({ started_at: start, finished_at: end }) => [start, end]).filter((time) => time !== null);
    const newest = times.reduce((latest, time) => Math.max(latest, time.getTime()), Date.parse(run.started_at ?? run.created_at));
    return {
      step: names.findLast((name) => name !== null) ?? '',
      updatedAt: over && run.finished_at !== null ? run.finished_at : new Date(newest).toISOString(),
    };
  }
}

function unnamed(event: RunEvent, told: ToldRun): Pick<FeedFrame, 'data'> | null {
  const data = plainMessage(event, told);
  return data === null ? null : { data };
}
