import { Injectable } from '@nestjs/common';
import type { RunEventType } from '../../engine/index.js';
import { type FeedSink, logLineOf, type LogLine, RunsService, RunStreamService } from '../../modules/runs/index.js';

const OUTPUT: ReadonlySet<RunEventType> = new Set(['step.output']);
const LINES_PER_READ = 500;

/** The lines that a run's steps write. */
@Injectable()
export class FlwdLogs {
  constructor(
    private readonly runs: RunsService,
    private readonly streams: RunStreamService,
  ) {}

  /** All there are by now. */
  async read(tenant: string, runId: string, since: Date | undefined): Promise<object[]> {
    const lines: LogLine[] = [];
    let after: number | null = 0;
    while (after !== null) {
      const page: { lines: LogLine[]; next: number | null } = await this.runs.logs(
        tenant,
        runId,
        { after, limit: LINES_PER_READ },
        { since },
      );
      lines.push(...page.lines);
      after = page.next;
    }
    return lines.map(logItem);
  }

  /** From the first line, or the one after `after`, until the run is over. */
  follow(tenant: string, runId: string, { after, since }: { after: number; since: Date | undefined }, sink: FeedSink): Promise<void> {
    return this.streams.stream(
      {
        tenant,
        runId,
        after,
        types: OUTPUT,
        frame: (event) => {
          const line = logLineOf(event);
          if (line === null || (since !== undefined && Date.parse(line.at) < since.getTime())) return null;
          return { id: String(line.seq), event: 'log', data: logItem(line) };
        },
      },
      sink,
    );
  }
}

function logItem({ at, level, message, step }: LogLine): object {
  return { timestamp: at, level, message, step_id: step };
}
