import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { RunRemovals } from './run-removals.js';

/**
 * Of `runs r`: what must be true for a run to go. One whose parent lives is what the parent will ask for; one that was resumed
 * shares what it stored with the run that goes on with it.
 */
export const REMOVABLE_SQL = `r.status IS NOT NULL
  AND NOT EXISTS (SELECT FROM live_runs l WHERE l.run_id = r.parent_run_id)
  AND NOT EXISTS (SELECT FROM runs n WHERE n.resumed_from = r.id)`;

/** Deletes runs with all that belongs to them. */
@Injectable()
export class RunRemover {
  constructor(private readonly removals: RunRemovals) {}

  /**
   * Deletes those of the runs that may go, in the caller's transaction, and answers their ids. The journals of `inDroppedPartition`
   * are left to the partition that is going to be dropped.
   */
  async remove(manager: EntityManager, runIds: readonly string[], inDroppedPartition: ReadonlySet<string> = new Set()): Promise<string[]> {
    const locked = await manager.query<{ id: string }[]>(
      `SELECT r.id FROM runs r WHERE r.id = ANY($1::uuid[]) AND ${REMOVABLE_SQL} ORDER BY r.id FOR UPDATE OF r SKIP LOCKED`,
      [runIds],
    );
    const ids = locked.map(({ id }) => id);
    if (ids.length === 0) return [];
    await this.removals.remove(manager, ids);
    await manager.query('DELETE FROM run_signals WHERE run_id = ANY($1::uuid[])', [ids]);
    const journals = ids.filter((id) => !inDroppedPartition.has(id));
    if (journals.length > 0) await manager.query('DELETE FROM run_events WHERE run_id = ANY($1::uuid[])', [journals]);
    await manager.query('DELETE FROM runs WHERE id = ANY($1::uuid[])', [ids]);
    return ids;
  }
}
