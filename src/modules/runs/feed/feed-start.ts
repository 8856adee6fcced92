import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { UpgradePreparation } from '../../../platform/http/edge-ws.adapter.js';
import type { FeedPosition } from './feed-position.js';
import { TenantFeedReader } from './tenant-feed.reader.js';

/**
 * Looks up where the feed is before a socket that follows it from now on is open. So its client sees all that it starts itself
 * once the socket is open, on whichever node.
 */
@Injectable()
export class FeedStart implements UpgradePreparation {
  private readonly starts = new WeakMap<IncomingMessage, FeedPosition>();

  constructor(private readonly reader: TenantFeedReader) {}

  async prepareUpgrade(request: IncomingMessage): Promise<void> {
    this.starts.set(request, await this.reader.now());
  }

  /** Where the feed was; null of a request that was not prepared. */
  of(request: IncomingMessage): FeedPosition | null {
    return this.starts.get(request) ?? null;
  }
}
