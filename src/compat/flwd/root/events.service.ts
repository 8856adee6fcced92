import { Injectable } from '@nestjs/common';
import { type FeedPosition, type FeedSink, RunsService, timeOfId } from '../../../modules/runs/index.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { FlwdEvents } from '../events.service.js';
import { jobIdOf } from '../run-views.js';
import { type EventSubject, rootEvents } from './events.js';
import { provenance } from './job-views.js';
import { RootRuns } from './runs.service.js';

const EVENTS_PER_READ = 500;

/** A run whose events are told. */
export interface TellingRun extends EventSubject {
  readonly runId: string;
}

/** Runs' events in the words of flwd's root. */
@Injectable()
export class RootEvents {
  constructor(
    private readonly runs: RunsService,
    private readonly rootRuns: RootRuns,
    private readonly events: FlwdEvents,
  ) {}

  async find(principal: Principal, id: string): Promise<TellingRun> {
    const { runId, run, provenance: from } = await this.rootRuns.find(principal, id);
    return { runId, jobId: jobIdOf(run), startedAt: run.started_at ?? run.created_at, provenance: from };
  }

  ofRun(tenant: string, run: TellingRun, after: number, sink: FeedSink): Promise<void> {
    return this.events.ofRun(tenant, { ...run, after }, sink, (event) => rootEvents(event, run));
  }

  ofAll(tenant: string, { runId, after }: { runId: string | undefined; after: FeedPosition | null }, sink: FeedSink): Promise<void> {
    return this.events.ofAll(tenant, { filter: { runId }, after }, sink, (event, jobId) => {
      const startedAt = new Date(timeOfId(event.run_id)).toISOString();
      return rootEvents(event, { jobId, startedAt, provenance: provenance(jobId, null, []) });
    });
  }

  /** All there are by now, as lines of JSON. */
  async *export(tenant: string, run: TellingRun): AsyncGenerator<string> {
    let after: number | null = 0;
    while (after !== null) {
      const page: Awaited<ReturnType<RunsService['events']>> = await this.runs.events(tenant, run.runId, { after, limit: EVENTS_PER_READ });
      for (const event of page.events) {
        for (const told of rootEvents(event, run)) yield `${JSON.stringify({ sequence: event.seq, timestamp: event.at, ...told })}\n`;
      }
      after = page.next;
    }
  }
}
