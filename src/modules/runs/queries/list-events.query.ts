import { Injectable } from '@nestjs/common';
import type { RunEvent, RunEventType } from '../../../engine/index.js';
import { RunEventsReader } from '../feed/run-events.reader.js';

/** Filtered reads of one page; a page may come back short, or empty, with a cursor to go on from. */
const MAX_READS = 4;

export interface ListEventsRequest {
  readonly tenant: string;
  readonly runId: string;
  readonly after: number;
  readonly limit: number;
  readonly types?: ReadonlySet<RunEventType> | undefined;
  /** Applied after `types`. */
  readonly keep?: (event: RunEvent) => boolean;
}

export interface EventsPage {
  readonly events: RunEvent[];
  /** The sequence number to go on after; null when there was nothing more. */
  readonly next: number | null;
}

/** One page of a run's log. */
@Injectable()
export class ListEventsQuery {
  constructor(private readonly reader: RunEventsReader) {}

  async execute({ tenant, runId, after, limit, types, keep = () => true }: ListEventsRequest): Promise<EventsPage> {
    const events: RunEvent[] = [];
    let position = after;
    for (let reads = 0; reads < MAX_READS; reads += 1) {
      const batch = await this.reader.read({ tenant, runId, after: position, limit: limit + 1, types });
      events.push(...batch.events.filter(keep));
      const overflow = events[limit];
      if (overflow !== undefined) return { events: events.slice(0, limit), next: overflow.seq - 1 };
      if (!batch.more) return { events, next: null };
      ({ position } = batch);
    }
    return { events, next: position };
  }
}
