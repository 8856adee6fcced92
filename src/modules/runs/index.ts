export { RunsModule } from './runs.module.js';
/** Starts runs of workflows, and waits for their end. */
export { StartRunService, type StartRunRequest, type WaitForRun } from './start-run.service.js';
/** Everything that can be asked about runs, and their cancellation. */
export { RunsService, type PageOfEvents } from './runs.service.js';
/** Inputs as a run would have them, for whoever only wants to know. */
export { preparedInputs } from './prepared-inputs.js';
export type { RunSelection } from './queries/run-filter.js';
export { toRunSummary, RunDto, RunSummaryDto } from './dto/run.dto.js';
/** The event log for other transports: give a `FeedSink` and the log is written to it at its pace. */
export { RunStreamService, type RunStreamRequest } from './feed/run-stream.service.js';
export { TenantStreamService, type FeedFilter, type TenantStreamRequest } from './feed/tenant-stream.service.js';
/** For gateways that follow a tenant's events from now on: their `prepare`. */
export { FeedStart } from './feed/feed-start.js';
export type { DropReason, FeedFrame, FeedSink } from './feed/feed-sink.js';
/** The committed events in their order, for modules that read on by themselves, and word of what is committed. */
export { TenantFeedReader, type FeedItem, type FeedPage } from './feed/tenant-feed.reader.js';
export { beforeTransaction, reaches, type FeedPosition } from './feed/feed-position.js';
export { RunEventHub } from './feed/run-event-hub.js';
export { SseSink } from './feed/sse-sink.js';
export { WsSink } from './feed/ws-sink.js';
/** Signals to runs, also within a module's own transaction. */
export { RunSignals, type RunSignal, type SendOutcome } from './signals/run-signals.js';
/** Modules that hold something of runs tell here what goes with a run that is deleted, and what has to stay. */
export { RunRemovals, type RemovableRun, type RunRemoval } from './removal/run-removals.js';
/** Deleting runs, and the journal's partitions by the time of their runs. */
export { REMOVABLE_SQL, RunRemover } from './removal/run-remover.js';
export { RemoveRunService } from './removal/remove-run.service.js';
export { JournalPartitions, type JournalPartition } from './partitions/journal-partitions.js';
export { firstIdOf, timeOfId } from './partitions/partition-ranges.js';
/** Modules that wait for signals of their own tell here what those mean. */
export { WaitExplainers, type WaitExplainer } from './queries/wait-explainers.js';
export type { WaitExplanation } from './queries/explanation.js';
export { ANY_JSON } from './dto/any-json.js';
export { ConcurrencyConflictError, InvalidInputsError, RunNotFoundError } from './runs.errors.js';
export type { RunEnded } from './runs.events.js';
/** Goes on with runs that are over, as new ones. */
export { ResumeRunService } from './resume-run.service.js';
export { logLineOf, type LogLine } from './queries/log-lines.js';
export type { StepRecord } from './queries/step-record.js';
export { decodePosition, encodePosition } from './feed/feed-position.js';
export { parseSeq } from './feed/stream-parameters.js';
