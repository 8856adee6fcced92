import { Inject, Injectable } from '@nestjs/common';
import type { RunEventType } from '../../../engine/index.js';
import { LOGGER, type Logger } from '../../../platform/logging/index.js';
import { encodePosition, reaches, type FeedPosition } from './feed-position.js';
import { sendAll, type FeedFrame, type FeedSink } from './feed-sink.js';
import { TenantFeedReader, type FeedItem } from './tenant-feed.reader.js';
import { TenantTail } from './tenant-tail.js';

const ROWS_PER_READ = 500;

/** What of a tenant's events a follower wants; absent means all. */
export interface FeedFilter {
  readonly types?: ReadonlySet<RunEventType> | undefined;
  /** Id or full name. */
  readonly workflow?: string | undefined;
  readonly agent?: string | undefined;
  readonly runId?: string | undefined;
}

export interface TenantStreamRequest {
  readonly tenant: string;
  /** Null starts at now, or with `history`. */
  readonly after: FeedPosition | null;
  /** How many of the last entries of the log come first when `after` is null; an entry is one event, or two of one step. */
  readonly history?: number;
  readonly filter: FeedFilter;
  readonly frame?: (item: FeedItem) => FeedFrame;
}

export function feedFrame({ position, event }: FeedItem): FeedFrame {
  return { id: encodePosition(position), event: event.type, data: event };
}

/**
 * Follows a tenant's events. A follower is either reading by itself (behind, or slower than the feed) or joined to the
 * shared tail; when its peer's buffer is full it leaves the tail, waits for the peer, and reads on by itself from where
 * it was. So a slow peer costs no memory and misses nothing.
 */
@Injectable()
export class TenantStreamService {
  constructor(
    private readonly reader: TenantFeedReader,
    private readonly tail: TenantTail,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Settles when the peer is gone; never rejects. */
  async stream(request: TenantStreamRequest, sink: FeedSink): Promise<void> {
    try {
      let position = request.after ?? (await this.beginning(request));
      while (!sink.closed) {
        position = await this.readUp(request, position, sink);
        position = await this.follow(request, position, sink);
      }
    } catch (error) {
      this.logger.error({ err: error, tenant: request.tenant }, 'a stream of events failed');
      sink.drop('internal_error');
    }
  }

  private beginning({ tenant, history = 0 }: TenantStreamRequest): Promise<FeedPosition> {
    return history === 0 ? this.reader.now() : this.reader.recent(tenant, history);
  }

  /** Reads until nothing more is settled. */
  private async readUp(request: TenantStreamRequest, from: FeedPosition, sink: FeedSink): Promise<FeedPosition> {
    let position = from;
    for (let more = true; more && !sink.closed;) {
      const { pages } = await this.reader.read([{ tenant: request.tenant, position }], ROWS_PER_READ);
      const page = pages[0];
      if (page === undefined) break;
      await sendAll(sink, framesOf(page.items, request));
      ({ position, more } = page);
    }
    return position;
  }

  /** Takes what the tail hands out until the peer falls behind or leaves; answers where to read on. */
  private async follow(request: TenantStreamRequest, from: FeedPosition, sink: FeedSink): Promise<FeedPosition> {
    let position = from;
    const { promise: full, resolve: fellBehind } = Promise.withResolvers<void>();
    const leave = this.tail.join(request.tenant, from, (items) => {
      for (const item of items) {
        if (reaches(position, item.position)) continue;
        position = item.position;
        if (wants(request.filter, item) && !sink.send(frameOf(item, request))) {
          leave?.();
          fellBehind();
          return;
        }
      }
    });
    if (leave === null) return position;
    await Promise.race([full, sink.whenClosed]);
    leave();
    await sink.drained();
    return position;
  }
}

function* framesOf(items: readonly FeedItem[], request: TenantStreamRequest): Generator<FeedFrame> {
  for (const item of items) if (wants(request.filter, item)) yield frameOf(item, request);
}

function frameOf(item: FeedItem, { frame = feedFrame }: TenantStreamRequest): FeedFrame {
  return frame(item);
}

function wants(filter: FeedFilter, { event, subject }: FeedItem): boolean {
  if (filter.types !== undefined && !filter.types.has(event.type)) return false;
  if (filter.runId !== undefined && event.run_id !== filter.runId) return false;
  if (filter.agent !== undefined && !(subject.kind === 'agent' && subject.name === filter.agent)) return false;
  if (filter.workflow === undefined) return true;
  return subject.kind === 'workflow' && (subject.name === filter.workflow || subject.workflowId === filter.workflow);
}
