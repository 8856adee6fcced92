import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { ConflictError } from '../../../platform/errors/app-error.js';
import { RunNotFoundError } from '../runs.errors.js';
import { RunRemovals } from './run-removals.js';
import { RunRemover } from './run-remover.js';

interface Standing {
  readonly over: boolean;
  readonly parent_lives: boolean;
  readonly resumed_as: string | null;
  readonly last_xid: string;
}

/** Deletes one run on demand. */
@Injectable()
export class RemoveRunService {
  constructor(
    private readonly remover: RunRemover,
    private readonly removals: RunRemovals,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  /** Throws 404, 409 `run_not_over` and 409 `run_needed` with the reason. */
  async remove(tenant: string, runId: string): Promise<void> {
    const standing = await this.standing(tenant, runId);
    if (standing === null) throw new RunNotFoundError();
    if (!standing.over) throw new ConflictError('run_not_over', 'the run is not over; cancel it first');
    if (standing.parent_lives) throw needed('the run that started it is not over');
    if (standing.resumed_as !== null) throw needed(`the run ${standing.resumed_as} was resumed from it; delete that first`);
    const kept = await this.removals.kept([{ id: runId, tenant, lastXid: Number(standing.last_xid) }]);
    const reason = kept.get(runId);
    if (reason !== undefined) throw needed(reason);
    const removed = await this.dataSource.transaction((manager) => this.remover.remove(manager, [runId]));
    if (removed.length === 0) throw needed('something else is being done with it');
  }

  private async standing(tenant: string, runId: string): Promise<Standing | null> {
    const [row] = await this.dataSource.query<Standing[]>(
      `SELECT r.status IS NOT NULL AS over, EXISTS (SELECT FROM live_runs l WHERE l.run_id = r.parent_run_id) AS parent_lives,
              (SELECT n.id FROM runs n WHERE n.resumed_from = r.id LIMIT 1) AS resumed_as,
              coalesce((SELECT e.xid FROM run_events e WHERE e.run_id = $1 ORDER BY e.seq DESC LIMIT 1), 0)::text AS last_xid
       FROM runs r WHERE r.id = $1 AND r.tenant_id = $2`,
      [runId, tenant],
    );
    return row ?? null;
  }
}

function needed(reason: string): ConflictError {
  return new ConflictError('run_needed', `the run cannot be deleted now: ${reason}`);
}
