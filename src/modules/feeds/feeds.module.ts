import { Module } from '@nestjs/common';
import { RunsModule } from '../runs/index.js';
import { FeedCursors } from './feed-cursors.js';
import { FeedFollower } from './feed-follower.js';
import { UnreadRuns } from './unread-runs.js';

/** Durable readers of the tenants' events. */
@Module({
  imports: [RunsModule],
  providers: [FeedCursors, FeedFollower, UnreadRuns],
  exports: [FeedFollower],
})
export class FeedsModule {}
