import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type RemovableRun, type RunRemoval, RunRemovals } from '../../runs/index.js';
import { FireStore } from './fire-store.js';

/** Keeps runs whose fire is not settled: submitted again, it would start them anew. Settled fires have a time of their own. */
@Injectable()
export class FiredRuns implements RunRemoval, OnModuleInit {
  readonly reason = 'the trigger that started it has not noted so yet';

  constructor(
    private readonly fires: FireStore,
    private readonly removals: RunRemovals,
  ) {}

  onModuleInit(): void {
    this.removals.register(this);
  }

  keep(runs: readonly RemovableRun[]): Promise<ReadonlySet<string>> {
    return this.fires.unsettled(runs.map(({ id }) => id));
  }
}
