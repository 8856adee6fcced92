import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LOGGER, type Logger } from '../../../platform/logging/index.js';
import { reaches, type FeedPosition } from './feed-position.js';
import { RunEventHub } from './run-event-hub.js';
import { TenantFeedReader, type FeedItem } from './tenant-feed.reader.js';
import { jittered, WakeUp } from './wake-up.js';

const ROWS_PER_READ = 1_000;
/** Least time between two reads: what commits meanwhile goes in one. */
const GATHER_MS = 10;
/** How soon to look again while transactions in flight may hide committed rows; doubles up to the poll. */
const UNSETTLED_MS = 15;
const POLL_MS = 2_000;

/** Gets what follows its position. Must not throw and must not wait. */
export type TailListener = (items: readonly FeedItem[]) => void;

interface Tail {
  position: FeedPosition;
  readonly listeners: Set<TailListener>;
}

/**
 * The one reader per process at the end of all followed tenants' feeds: one query per round for everybody, however
 * many follow. It runs only while somebody does.
 */
@Injectable()
export class TenantTail implements OnApplicationShutdown {
  private readonly tails = new Map<string, Tail>();
  private readonly wakeUp = new WakeUp();
  private running: Promise<void> | null = null;
  private stopped = false;

  constructor(
    private readonly reader: TenantFeedReader,
    private readonly hub: RunEventHub,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Joins the tail for a reader that has read everything up to `position`. Null when the tail is further: then the
   * reader reads on by itself and tries again. There is no await between the check and the joining, so nothing is
   * skipped; a listener that is ahead of the tail gets items again and leaves them out by their position.
   */
  join(tenant: string, position: FeedPosition, listener: TailListener): (() => void) | null {
    let tail = this.tails.get(tenant);
    if (tail === undefined) this.tails.set(tenant, (tail = { position, listeners: new Set() }));
    else if (!reaches(position, tail.position)) return null;
    tail.listeners.add(listener);
    this.running ??= this.run();
    this.wakeUp.notify();
    return () => {
      tail.listeners.delete(listener);
      if (tail.listeners.size === 0 && this.tails.get(tenant) === tail) this.tails.delete(tenant);
      if (this.tails.size === 0) this.wakeUp.notify();
    };
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.tails.clear();
    this.wakeUp.notify();
    await this.running;
  }

  private async run(): Promise<void> {
    const unsubscribe = this.hub.subscribeAny(() => this.wakeUp.notify());
    let pause = POLL_MS;
    while (this.tails.size > 0 && !this.stopped) {
      try {
        const { more, unsettled } = await this.advance();
        if (more) continue;
        pause = unsettled ? Math.min(pause * 2, POLL_MS / 4) : POLL_MS;
      } catch (error) {
        this.logger.warn({ err: error }, 'the event feed could not be read, will try again');
        pause = POLL_MS;
      }
      await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      if (await this.wakeUp.wait(jittered(pause))) pause = UNSETTLED_MS / 2;
    }
    unsubscribe();
    this.running = null;
  }

  private async advance(): Promise<{ more: boolean; unsettled: boolean }> {
    const followed = [...this.tails].map(([tenant, tail]) => ({ tenant, tail, position: tail.position }));
    const { pages, unsettled } = await this.reader.read(followed, ROWS_PER_READ);
    let more = false;
    pages.forEach((page, index) => {
      const tail = followed[index]?.tail;
      if (tail === undefined) return;
      tail.position = page.position;
      more ||= page.more;
      if (page.items.length > 0) for (const listener of tail.listeners) listener(page.items);
    });
    return { more, unsettled };
  }
}
