import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type RemovableRun, type RunRemoval, RunRemovals } from '../runs/index.js';
import { FeedFollower } from './feed-follower.js';

/** Keeps runs that a consumer of events has not been told of in full. */
@Injectable()
export class UnreadRuns implements RunRemoval, OnModuleInit {
  readonly reason = 'a webhook or a trigger has not been told of all its events';

  constructor(
    private readonly follower: FeedFollower,
    private readonly removals: RunRemovals,
  ) {}

  onModuleInit(): void {
    this.removals.register(this);
  }

  async keep(runs: readonly RemovableRun[]): Promise<ReadonlySet<string>> {
    const unread = await this.follower.unread();
    return new Set(runs.filter(({ tenant, lastXid }) => lastXid >= (unread.get(tenant) ?? Number.POSITIVE_INFINITY)).map(({ id }) => id));
  }
}
