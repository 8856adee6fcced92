export type { FeedConsumer, FeedInterest } from './feed-consumer.js';
/** Tells consumers of every committed event exactly once, whichever node dies. */
export { FeedFollower } from './feed-follower.js';
export { FeedsModule } from './feeds.module.js';
