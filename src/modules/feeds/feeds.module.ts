import { Module } from '@nestjs/common';
import { RunsModule } from '../runs/index.js';
import { FeedCursors } from './feed-cursors.js';
import { FeedFollower } from './feed-follower.js';

/** Durable readers of the tenants' events. */
@Module({
  imports: [RunsModule],
  providers: [FeedCursors, FeedFollower],
  exports: [FeedFollower],
})
export class FeedsModule {}
