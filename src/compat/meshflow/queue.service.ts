import { Injectable } from '@nestjs/common';
import { isTerminal, type JsonObject, type RunStatus } from '../../engine/index.js';
import { type RunDto, RunsService } from '../../modules/runs/index.js';
import { BadRequestError } from '../../platform/errors/app-error.js';
import type { Principal } from '../../platform/http/permissions.js';
import { orInstead } from '../kit/index.js';
import type { PushMeshTaskDto } from './meshflow.dto.js';
import { objectOr } from './policy.js';
import { taskNotFound } from './problems.js';
import { MeshRuns } from './runs.service.js';
import { outputOf } from './summaries.js';

/** What marks runs that came through the queue. */
const TAG = 'meshflow-queue';

const STATUS: Readonly<Record<RunStatus, string>> = {
  pending: 'pending',
  running: 'running',
  waiting: 'running',
  cancelling: 'running',
  success: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** Runs as tasks of a queue: every run is one, this is how they are asked for. */
@Injectable()
export class MeshQueue {
  constructor(
    private readonly meshRuns: MeshRuns,
    private readonly runs: RunsService,
  ) {}

  async push(principal: Principal, { payload, priority }: PushMeshTaskDto, id: string | undefined): Promise<string> {
    const { task, policy, context, workflow } = payload;
    if (typeof task !== 'string' || task === '') throw missing('/payload/task');
    const request = {
      task,
      policy: objectOr(policy),
      context: objectOr(context),
      workflow: typeof workflow === 'string' ? workflow : undefined,
    };
    return (await this.meshRuns.start(principal, { ...request, priority, tags: [TAG], id })).id;
  }

  async stats({ tenant }: Principal): Promise<object> {
    const { pending, running, waiting, cancelling, success, failed, cancelled } = await this.runs.stats({ tenant, tag: TAG });
    return { pending, running: running + waiting + cancelling, done: success, failed, cancelled };
  }

  async get(principal: Principal, id: string): Promise<object> {
    return taskOf(await this.find(principal, id));
  }

  async cancel(principal: Principal, id: string): Promise<object> {
    const run = await this.find(principal, id);
    if (isTerminal(run.status)) throw taskNotFound();
    await this.runs.cancel(principal.tenant, run.id, null);
    return { task_id: run.id, status: 'cancelled' };
  }

  private async find(principal: Principal, id: string): Promise<RunDto> {
    const run = await orInstead(this.meshRuns.find(principal, id), taskNotFound());
    if (!run.tags.includes(TAG)) throw taskNotFound();
    return run;
  }
}

function taskOf(run: RunDto): object {
  return {
    task_id: run.id,
    status: STATUS[run.status],
    payload: run.inputs satisfies JsonObject,
    priority: run.priority,
    result: run.status === 'success' ? outputOf(run.outputs) : null,
    error: run.error?.message ?? null,
    created_at: run.created_at,
    started_at: run.started_at,
    finished_at: run.finished_at,
  };
}

function missing(path: string): BadRequestError {
  return new BadRequestError('the body is not valid', [{ path, code: 'required', message: 'is required' }]);
}
