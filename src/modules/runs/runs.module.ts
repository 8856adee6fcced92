import { Module } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { ENGINE_POOL, type EnginePool } from '../../platform/database/index.js';
import { ArtifactsModule } from '../artifacts/index.js';
import { WorkflowsModule } from '../workflows/index.js';
import { RunEngineModule } from './engine/run-engine.module.js';
import { BulkRunsController } from './bulk-runs.controller.js';
import { BulkRunsService } from './bulk-runs.service.js';
import { CommitRelay } from './feed/commit-relay.js';
import { FeedStart } from './feed/feed-start.js';
import { RunEventHub } from './feed/run-event-hub.js';
import { RunEventsReader } from './feed/run-events.reader.js';
import { RunStreamService } from './feed/run-stream.service.js';
import { RunWaiter } from './feed/run-waiter.js';
import { TenantFeedReader } from './feed/tenant-feed.reader.js';
import { TenantStreamService } from './feed/tenant-stream.service.js';
import { TenantTail } from './feed/tenant-tail.js';
import { WsEventsGateway } from './feed/ws-events.gateway.js';
import { JournalPartitions } from './partitions/journal-partitions.js';
import { PartitionLoop } from './partitions/partition-loop.js';
import { PausesModule } from './pauses/pauses.module.js';
import { ExplainRunQuery } from './queries/explain-run.query.js';
import { GetRunQuery } from './queries/get-run.query.js';
import { ListEventsQuery } from './queries/list-events.query.js';
import { ListRunsQuery } from './queries/list-runs.query.js';
import { ListStepsQuery } from './queries/list-steps.query.js';
import { OutputReader } from './queries/output-reader.js';
import { RunGraphQuery } from './queries/run-graph.query.js';
import { RunStatsQuery } from './queries/run-stats.query.js';
import { VisitsQuery } from './queries/visits.query.js';
import { WaitExplainers } from './queries/wait-explainers.js';
import { WorkflowIdsQuery } from './queries/workflow-ids.query.js';
import { RemoveRunController } from './removal/remove-run.controller.js';
import { RemoveRunService } from './removal/remove-run.service.js';
import { ArtifactRemoval } from './removal/artifact-removal.js';
import { RunRemovals } from './removal/run-removals.js';
import { RunRemover } from './removal/run-remover.js';
import { ResumeRunController } from './resume-run.controller.js';
import { ResumeRunService } from './resume-run.service.js';
import { RunEventsController } from './run-events.controller.js';
import { RunsController } from './runs.controller.js';
import { RunsService } from './runs.service.js';
import { RunSignals } from './signals/run-signals.js';
import { StartRunService } from './start-run.service.js';
import { WorkflowRunsController } from './workflow-runs.controller.js';

const QUERIES = [
  ExplainRunQuery,
  GetRunQuery,
  ListEventsQuery,
  ListRunsQuery,
  ListStepsQuery,
  OutputReader,
  RunGraphQuery,
  VisitsQuery,
  RunStatsQuery,
  WaitExplainers,
  WorkflowIdsQuery,
];
const FEED = [
  CommitRelay,
  FeedStart,
  RunEventHub,
  RunEventsReader,
  RunStreamService,
  RunWaiter,
  TenantFeedReader,
  TenantStreamService,
  TenantTail,
  WsEventsGateway,
];

const PARTITIONS = [
  {
    provide: JournalPartitions,
    inject: [ENGINE_POOL, CONFIG],
    useFactory: (pool: EnginePool, config: HeddleConfig) => new JournalPartitions(pool, config.partitionDays),
  },
  PartitionLoop,
];

/** Runs: the engine of this process, what can be asked about runs, and their events over every transport. */
@Module({
  imports: [ArtifactsModule, RunEngineModule, WorkflowsModule, PausesModule],
  controllers: [RunsController, RunEventsController, WorkflowRunsController, ResumeRunController, BulkRunsController, RemoveRunController],
  providers: [
    ...QUERIES,
    ...FEED,
    ...PARTITIONS,
    ArtifactRemoval,
    RunRemovals,
    RunRemover,
    RemoveRunService,
    RunSignals,
    RunsService,
    StartRunService,
    ResumeRunService,
    BulkRunsService,
  ],
  exports: [
    FeedStart,
    JournalPartitions,
    RunEngineModule,
    RemoveRunService,
    RunRemovals,
    RunRemover,
    RunSignals,
    RunsService,
    StartRunService,
    ResumeRunService,
    WaitExplainers,
    RunEventHub,
    RunEventsReader,
    RunStreamService,
    TenantFeedReader,
    TenantStreamService,
  ],
})
export class RunsModule {}
