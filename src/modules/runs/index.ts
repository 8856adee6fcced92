export { RunsModule } from './runs.module.js';
/** Starts runs of workflows, and waits for their end. */
export { StartRunService, type StartRunRequest, type WaitForRun } from './start-run.service.js';
/** Everything that can be asked about runs, and their cancellation. */
export { RunsService, type PageOfEvents } from './runs.service.js';
export type { RunSelection } from './queries/run-filter.js';
export { toRunSummary, RunDto, RunSummaryDto } from './dto/run.dto.js';
/** The event log for other transports: give a `FeedSink` and the log is written to it at its pace. */
export { RunStreamService, type RunStreamRequest } from './feed/run-stream.service.js';
export { TenantStreamService, type FeedFilter, type TenantStreamRequest } from './feed/tenant-stream.service.js';
export type { DropReason, FeedFrame, FeedSink } from './feed/feed-sink.js';
export { SseSink } from './feed/sse-sink.js';
export { WsSink } from './feed/ws-sink.js';
export { ConcurrencyConflictError, InvalidInputsError, RunNotFoundError } from './runs.errors.js';
export type { RunEnded } from './runs.events.js';
