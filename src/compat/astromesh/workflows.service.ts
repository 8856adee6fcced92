import { Injectable } from '@nestjs/common';
import type { JsonObject } from '../../engine/index.js';
import { RunsService, RunStreamService, StartRunService } from '../../modules/runs/index.js';
import { WorkflowsService } from '../../modules/workflows/index.js';
import type { Principal } from '../../platform/http/permissions.js';
import { everyPage, orInstead } from '../kit/index.js';
import type { AstromeshWorkflowRunDto } from './astromesh.dto.js';
import { workflowNotFound } from './errors.js';
import { FirstEvent } from './first-event.js';
import { AstromeshWorkflowRuns } from './workflow-runs.service.js';
import { workflowName, workflowView } from './workflow-views.js';

/** What may be the last word on a run for now. */
const STOPS = new Set(['run.waiting', 'run.completed', 'run.failed', 'run.cancelled'] as const);

interface AskedRun {
  readonly name: string;
  readonly body: AstromeshWorkflowRunDto;
  /** Reserved by an idempotency key. */
  readonly id: string | undefined;
}

/** Workflows as Astromesh lists, shows and runs them. */
@Injectable()
export class AstromeshWorkflows {
  constructor(
    private readonly workflows: WorkflowsService,
    private readonly starter: StartRunService,
    private readonly runs: RunsService,
    private readonly streams: RunStreamService,
    private readonly states: AstromeshWorkflowRuns,
  ) {}

  async list(principal: Principal): Promise<string[]> {
    const all = await everyPage((page) => this.workflows.list(principal, page));
    return all.map(({ name }) => workflowName(name)).toSorted();
  }

  async get(principal: Principal, name: string): Promise<object> {
    return workflowView(await orInstead(this.workflows.get(principal, name), workflowNotFound(name)));
  }

  /** Waits until the run is over, or waits for somebody itself. */
  async run({ tenant, keyId }: Principal, { name, body, id: reserved }: AskedRun, caller: AbortSignal): Promise<object> {
    const { query = '', trigger = {} } = body;
    const inputs: JsonObject = { ...trigger, ...(query === '' ? {} : { query }) };
    const request = { tenant, keyId, workflow: name, inputs, trigger: 'api', id: reserved };
    const { id } = await orInstead(this.starter.start(request), workflowNotFound(name));
    await this.settled(tenant, id, caller);
    return this.states.result(tenant, id);
  }

  private async settled(tenant: string, runId: string, caller: AbortSignal): Promise<void> {
    for (let after = 0; ;) {
      const first = new FirstEvent(caller);
      await this.streams.stream({ tenant, runId, after, types: STOPS }, first);
      if (first.event?.type !== 'run.waiting') return;
      after = first.event.seq;
      // What waits for a child or another try goes on by itself.
      const { reasons } = await this.runs.explain(tenant, runId);
      if (reasons.some(({ type }) => /^waiting_for_(approval|signal|timer)$/.test(type))) return;
    }
  }
}
