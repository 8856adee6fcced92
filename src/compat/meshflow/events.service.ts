import { Injectable } from '@nestjs/common';
import type { RunEvent } from '../../engine/index.js';
import {
  encodePosition,
  type FeedFrame,
  type FeedPosition,
  type FeedSink,
  RunStreamService,
  TenantStreamService,
} from '../../modules/runs/index.js';
import { TranslatingSink } from '../kit/index.js';
import { MeshEvents } from './events.js';

/** Events before now that a new stream is told, as many as the original keeps. */
const HISTORY = 2_000;

/** An event on its way to a stream: of a run of which workflow, and the id of the place before it. */
interface Carried {
  readonly happened: RunEvent;
  readonly workflow: string;
  readonly before: string;
}

/** Runs' events in MeshFlow's kinds. Its streams do not end by themselves. */
@Injectable()
export class MeshEventStreams {
  constructor(
    private readonly runStreams: RunStreamService,
    private readonly tenantStreams: TenantStreamService,
  ) {}

  /** Of all runs: what happened last, or after the event of that id, then what happens. */
  ofAll(tenant: string, after: FeedPosition | null, sink: FeedSink): Promise<void> {
    return this.tenantStreams.stream(
      {
        tenant,
        after,
        history: HISTORY,
        filter: {},
        frame: ({ position, event, subject }) => {
          const before = encodePosition({ ...position, seq: Math.max(0, position.seq - 1) });
          return carry(encodePosition(position), { happened: event, workflow: subject.name, before });
        },
      },
      translated(sink),
    );
  }

  /** Of one run, from its beginning or after the event of that id. */
  ofRun(tenant: string, run: { readonly id: string; readonly workflow: string }, after: number, sink: FeedSink): Promise<void> {
    const frame = (happened: RunEvent): FeedFrame =>
      carry(String(happened.seq), { happened, workflow: run.workflow, before: String(happened.seq - 1) });
    return this.runStreams.stream({ tenant, runId: run.id, after, frame }, translated(sink));
  }
}

function carry(id: string, data: Carried): FeedFrame {
  return { id, event: data.happened.type, data };
}

/** A stream that breaks between the events of one happening goes on before it: said twice is better than never. */
function translated(sink: FeedSink): FeedSink {
  const events = new MeshEvents();
  return new TranslatingSink(sink, ({ id, data }) => {
    const { happened, workflow, before } = data as Carried;
    const said = events.eventsOf(happened, workflow);
    return said.map((event, index) => ({ id: index === said.length - 1 ? id : before, event: event.kind, data: event }));
  });
}
