import { Inject, Injectable } from '@nestjs/common';
import type { RunEvent, RunEventType } from '../../../engine/index.js';
import { LOGGER, type Logger } from '../../../platform/logging/index.js';
import { OutputReader } from '../queries/output-reader.js';
import { sendAll, type FeedFrame, type FeedSink } from './feed-sink.js';
import { RunEventHub } from './run-event-hub.js';
import { RunEventsReader } from './run-events.reader.js';
import { jittered, WakeUp } from './wake-up.js';

/** Rows per read: a reader's memory is bounded by this times the payload size. */
const ROWS_PER_READ = 200;
/** How long a follower goes without looking when no wake-up comes. */
const POLL_MS = 5_000;

export interface RunStreamRequest {
  readonly tenant: string;
  readonly runId: string;
  readonly after: number;
  readonly types?: ReadonlySet<RunEventType> | undefined;
  /** Outputs that are kept outside of the log are put back in their place. */
  readonly whole?: boolean;
  /** Dresses an event for the stream; null leaves it out. */
  readonly frame?: (event: RunEvent) => FeedFrame | null;
}

export function eventFrame(event: RunEvent): FeedFrame {
  return { id: String(event.seq), event: event.type, data: event };
}

/** Follows one run's log from a sequence number to its terminal event, at the reader's pace. */
@Injectable()
export class RunStreamService {
  constructor(
    private readonly reader: RunEventsReader,
    private readonly hub: RunEventHub,
    private readonly outputs: OutputReader,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Settles when the log is over or the peer is gone; never rejects. The run must exist. */
  async stream(request: RunStreamRequest, sink: FeedSink): Promise<void> {
    const { tenant, runId, types } = request;
    const wakeUp = new WakeUp();
    const unsubscribe = this.hub.subscribe(runId, () => wakeUp.notify());
    void sink.whenClosed.then(() => wakeUp.notify());
    let position = request.after;
    try {
      while (!sink.closed) {
        // Asked before reading: what a run that is over has not shown by now, it never will.
        const over = position > request.after ? false : (await this.reader.state(tenant, runId)) !== 'live';
        const batch = await this.reader.read({ tenant, runId, after: position, limit: ROWS_PER_READ, types });
        if (!(await sendAll(sink, this.framesOf(batch.events, request)))) return;
        position = batch.position;
        if (batch.more) continue;
        if (batch.ended || over) return sink.end();
        await wakeUp.wait(jittered(POLL_MS));
      }
    } catch (error) {
      this.logger.error({ err: error, run_id: runId }, 'a stream of events failed');
      sink.drop('internal_error');
    } finally {
      unsubscribe();
    }
  }

  /** One after the other, so that of many large outputs one is in memory. */
  private async *framesOf(
    events: readonly RunEvent[],
    { tenant, whole = false, frame = eventFrame }: RunStreamRequest,
  ): AsyncGenerator<FeedFrame> {
    for (const event of events) {
      const dressed = frame(whole ? await this.outputs.whole(tenant, event) : event);
      if (dressed !== null) yield dressed;
    }
  }
}
