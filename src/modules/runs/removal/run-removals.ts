import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** A run that is over and may be deleted. */
export interface RemovableRun {
  readonly id: string;
  readonly tenant: string;
  /** The transaction that committed its last event. */
  readonly lastXid: number;
}

/** A module that holds something of runs, or needs them. */
export interface RunRemoval {
  /** For problem details: why a run is kept, e.g. `a webhook has not been told of all its events`. */
  readonly reason?: string;
  /** The ids of runs that must stay for now. Asked outside of the transaction that deletes. */
  keep?(runs: readonly RemovableRun[]): Promise<ReadonlySet<string>>;
  /** Deletes what belongs to the runs, in the transaction that deletes them, through `manager` only. At most 500 at a time. */
  remove?(manager: EntityManager, runIds: readonly string[]): Promise<void>;
}

/** Where modules register what goes with a run, and what a run must wait for before it goes. */
@Injectable()
export class RunRemovals {
  private readonly registered: RunRemoval[] = [];

  /** To be called before the application has started. */
  register(removal: RunRemoval): void {
    this.registered.push(removal);
  }

  /** Why runs must stay, by id; runs that may go are missing. */
  async kept(runs: readonly RemovableRun[]): Promise<Map<string, string>> {
    const reasons = new Map<string, string>();
    for (const removal of this.registered) {
      for (const id of (await removal.keep?.(runs)) ?? []) reasons.set(id, removal.reason ?? 'something still needs it');
    }
    return reasons;
  }

  async remove(manager: EntityManager, runIds: readonly string[]): Promise<void> {
    for (const removal of this.registered) await removal.remove?.(manager, runIds);
  }
}
