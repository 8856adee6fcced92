import { Injectable } from '@nestjs/common';
import type { RunEvent } from '../../engine/index.js';
import {
  encodePosition,
  type FeedFilter,
  type FeedFrame,
  type FeedPosition,
  type FeedSink,
  RunStreamService,
  TenantStreamService,
} from '../../modules/runs/index.js';
import { TranslatingSink } from '../kit/index.js';
import { flwdEvents } from './events.js';

/** What is said when something happens to a run of a job: nothing, one event or several. */
export type Words = (happened: RunEvent, jobId: string) => readonly Pick<FeedFrame, 'event' | 'data'>[];

/** An event on its way to a stream: what happened, to a run of which job, and the id of the place before it. */
interface Carried {
  readonly happened: RunEvent;
  readonly jobId: string;
  readonly before: string;
}

/** Runs' events in flwd's words. */
@Injectable()
export class FlwdEvents {
  constructor(
    private readonly runStreams: RunStreamService,
    private readonly tenantStreams: TenantStreamService,
  ) {}

  /** Of one run, after the event of that number, until its end. */
  ofRun(
    tenant: string,
    { runId, jobId, after }: { readonly runId: string; readonly jobId: string; readonly after: number },
    sink: FeedSink,
    words: Words = flwdEvents,
  ): Promise<void> {
    const frame = (happened: RunEvent): FeedFrame => carry(String(happened.seq), { happened, jobId, before: String(happened.seq - 1) });
    return this.runStreams.stream({ tenant, runId, after, frame }, translated(sink, words));
  }

  /** Of all runs that pass the filter, after that place or from now on. */
  ofAll(
    tenant: string,
    { filter, after }: { readonly filter: FeedFilter; readonly after: FeedPosition | null },
    sink: FeedSink,
    words: Words = flwdEvents,
  ): Promise<void> {
    return this.tenantStreams.stream(
      {
        tenant,
        after,
        filter,
        frame: ({ position, event, subject }) => {
          const before = encodePosition({ ...position, seq: Math.max(0, position.seq - 1) });
          return carry(encodePosition(position), { happened: event, jobId: subject.name, before });
        },
      },
      translated(sink, words),
    );
  }
}

function carry(id: string, data: Carried): FeedFrame {
  return { id, event: data.happened.type, data };
}

/** A stream that breaks between the events of one happening goes on before it: said twice is better than never. */
function translated(sink: FeedSink, words: Words): FeedSink {
  return new TranslatingSink(sink, ({ id, data }) => {
    const { happened, jobId, before } = data as Carried;
    const events = words(happened, jobId);
    return events.map((each, index) => ({ id: index === events.length - 1 ? id : before, ...each }));
  });
}
