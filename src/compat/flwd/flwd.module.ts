import { Module } from '@nestjs/common';
import { ArtifactsModule } from '../../modules/artifacts/index.js';
import { KvModule } from '../../modules/kv/index.js';
import { RunsModule } from '../../modules/runs/index.js';
import { SystemModule } from '../../modules/system/index.js';
import { WorkflowsModule } from '../../modules/workflows/index.js';
import { DescribedApart } from '../../platform/http/openapi.js';
import { FlwdArtifactsController } from './artifacts.controller.js';
import { FlwdEventsController } from './events.controller.js';
import { FlwdEvents } from './events.service.js';
import { FlwdJobsController } from './jobs.controller.js';
import { FlwdLogs } from './logs.service.js';
import { RootEventsController } from './root/events.controller.js';
import { RootEvents } from './root/events.service.js';
import { RootJobsController } from './root/jobs.controller.js';
import { RootJobs } from './root/jobs.service.js';
import { RootKvController } from './root/kv.controller.js';
import { RootRunsController } from './root/runs.controller.js';
import { RootRuns } from './root/runs.service.js';
import { RootSourcesController } from './root/sources.controller.js';
import { RootSystemController } from './root/system.controller.js';
import { FlwdRunsController } from './runs.controller.js';
import { FlwdRuns } from './runs.service.js';
import { FlwdSystemController } from './system.controller.js';

const DOCUMENTED = [FlwdJobsController, FlwdRunsController, FlwdArtifactsController, FlwdSystemController, FlwdEventsController];
const ROOT = [RootJobsController, RootRunsController, RootEventsController, RootSourcesController, RootKvController, RootSystemController];

/** Both APIs of flwd: the one that it documents, below `/api/v1`, and the one that it has, at the root. */
@DescribedApart()
@Module({
  imports: [ArtifactsModule, KvModule, RunsModule, SystemModule, WorkflowsModule],
  controllers: [...DOCUMENTED, ...ROOT],
  providers: [FlwdRuns, FlwdLogs, FlwdEvents, RootJobs, RootRuns, RootEvents],
})
export class FlwdModule {}
