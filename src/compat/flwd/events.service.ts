import { Injectable } from '@nestjs/common';
import type { RunEvent } from '../../engine/index.js';
import {
  decodePosition,
  encodePosition,
  type FeedFrame,
  type FeedSink,
  parseSeq,
  RunStreamService,
  TenantStreamService,
} from '../../modules/runs/index.js';
import { TranslatingSink } from '../kit/index.js';
import { flwdEvents } from './events.js';

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

  /** Of one run, from its beginning or after the event of that id, until its end. */
  ofRun(tenant: string, run: { runId: string; jobId: string }, resume: string | undefined, sink: FeedSink): Promise<void> {
    const { runId, jobId } = run;
    const frame = (happened: RunEvent): FeedFrame => carry(String(happened.seq), { happened, jobId, before: String(happened.seq - 1) });
    return this.runStreams.stream({ tenant, runId, after: parseSeq(resume), frame }, translated(sink));
  }

  /** Of all runs, or those of one job, from now on or after the event of that id. */
  ofAll(tenant: string, workflow: string | undefined, resume: string | undefined, sink: FeedSink): Promise<void> {
    return this.tenantStreams.stream(
      {
        tenant,
        after: resume === undefined ? null : decodePosition(resume),
        filter: { workflow },
        frame: ({ position, event, subject }) => {
          const before = encodePosition({ ...position, seq: Math.max(0, position.seq - 1) });
          return carry(encodePosition(position), { happened: event, jobId: subject.name, before });
        },
      },
      translated(sink),
    );
  }
}

function carry(id: string, data: Carried): FeedFrame {
  return { id, event: data.happened.type, data };
}

/** A stream that breaks between the events of one happening goes on before it: said twice is better than never. */
function translated(sink: FeedSink): FeedSink {
  return new TranslatingSink(sink, ({ id, data }) => {
    const { happened, jobId, before } = data as Carried;
    const events = flwdEvents(happened, jobId);
    return events.map((each, index) => ({ id: index === events.length - 1 ? id : before, ...each }));
  });
}
