import type { EntityManager } from 'typeorm';
import type { FeedItem } from '../runs/index.js';

/** A tenant whose events somebody wants to hear. */
export interface FeedInterest {
  readonly tenant: string;
  /** The first transaction of interest: nothing is read before it. */
  readonly fromXid: number;
}

/** Somebody who must be told of every event, once. */
export interface FeedConsumer {
  /** Names its cursors; never changed. */
  readonly name: string;
  /** Whose events are wanted now. Asked about once a second. */
  interests(): Promise<readonly FeedInterest[]>;
  /**
   * Prepares what the events come to, without writing: null when it is nothing. The answer is called in the transaction that
   * moves the cursor beyond them, so that what it writes happens exactly once.
   */
  digest(tenant: string, items: readonly FeedItem[]): Promise<((manager: EntityManager) => Promise<void>) | null>;
  /** What was digested is committed. */
  committed?(): void;
}
