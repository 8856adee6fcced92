import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { AppError, ConflictError } from '../../platform/errors/app-error.js';
import { requirePermission } from '../../platform/http/permission.guard.js';
import type { Principal } from '../../platform/http/permissions.js';
import { RemoveRunService, RunNotFoundError, RunsService } from '../runs/index.js';
import { conditions, OF_AGENT, type Part } from './parts.js';

/** Removed in one request; who has more asks again. */
const MAX_RUNS = 10_000;
const STOP_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 50;

/** What became of the runs that said what is erased. */
export interface RemovedRuns {
  readonly removed: number;
  /** Those that have to stay for now, and why. */
  readonly kept: readonly { readonly runId: string; readonly reason: string }[];
}

interface FoundRun {
  readonly id: string;
  readonly over: boolean;
}

/**
 * The runs that a part of an agent's memory comes of: those of the agent that were asked for it (also such as left nothing), whoever's
 * messages, entries and turns are in it, and the runs that those started.
 */
@Injectable()
export class RunsOfMemory {
  constructor(
    private readonly runs: RunsService,
    private readonly remover: RemoveRunService,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  /** To be asked before anything is erased, which is how runs are found. Ended first, if `cancel`; else throws 409 naming them. */
  async ended(principal: Principal, agent: string, part: Part, cancel: boolean): Promise<readonly string[]> {
    requirePermission(principal, 'runs.delete');
    const found = await this.find(principal.tenant, agent, part);
    const live = found.filter(({ over }) => !over).map(({ id }) => id);
    if (live.length > 0 && !cancel) {
      const detail = `${live.length} runs are under way; wait for their end, or cancel them with ?cancel=true`;
      throw new ConflictError('runs_under_way', detail, { extensions: { run_ids: live } });
    }
    if (live.length > 0) requirePermission(principal, 'runs.cancel');
    for (const id of live) await this.cancelled(principal.tenant, id);
    return found.map(({ id }) => id);
  }

  /** Youngest first: what started or was resumed comes before what it came of. */
  async remove(tenant: string, runIds: readonly string[]): Promise<RemovedRuns> {
    let removed = 0;
    const kept: { readonly runId: string; readonly reason: string }[] = [];
    for (const runId of runIds) {
      try {
        await this.remover.remove(tenant, runId);
        removed += 1;
      } catch (error) {
        if (error instanceof RunNotFoundError) continue;
        if (!(error instanceof AppError) || error.status !== 409) throw error;
        kept.push({ runId, reason: error.detail });
      }
    }
    return { removed, kept };
  }

  private async find(tenant: string, agent: string, part: Part): Promise<FoundRun[]> {
    const { rows, turns, inputs, value } = conditions(part);
    return this.dataSource.query<FoundRun[]>(
      `WITH RECURSIVE named AS (
         SELECT run_id AS id FROM memory_messages WHERE session_id IN (SELECT id FROM memory_sessions WHERE ${OF_AGENT} AND ${rows})
         UNION SELECT run_id FROM memory_entries WHERE ${OF_AGENT} AND ${rows} AND run_id IS NOT NULL
         UNION SELECT run_id FROM memory_turns WHERE ${OF_AGENT} AND state <> 'done' AND ${turns}
         UNION SELECT r.id FROM runs r
           CROSS JOIN LATERAL (SELECT e.data -> 'inputs' AS inputs FROM run_events e WHERE e.run_id = r.id ORDER BY e.seq LIMIT 1) AS first
           WHERE r.tenant_id = $1 AND r.workflow_id IN (SELECT w.id FROM workflows w WHERE w.tenant_id = $1 AND w.kind = 'agent' AND w.name = $2)
             AND ${inputs}
       ), all_runs AS (
         SELECT id FROM named UNION SELECT r.id FROM all_runs a JOIN runs r ON r.parent_run_id = a.id
       )
       SELECT r.id, r.status IS NOT NULL AS over FROM all_runs JOIN runs r USING (id) WHERE r.tenant_id = $1
       ORDER BY r.id DESC LIMIT ${MAX_RUNS}`,
      [tenant, agent, ...value],
    );
  }

  private async cancelled(tenant: string, runId: string): Promise<void> {
    await this.runs.cancel(tenant, runId, 'its conversation is erased');
    for (const giveUpAt = Date.now() + STOP_WITHIN_MS; ;) {
      const { finished_at: finishedAt } = await this.runs.get(tenant, runId);
      if (finishedAt !== null) return;
      if (Date.now() > giveUpAt) throw new ConflictError('runs_under_way', 'a run does not stop', { extensions: { run_ids: [runId] } });
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}
