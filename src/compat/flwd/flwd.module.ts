import { Module } from '@nestjs/common';
import { ArtifactsModule } from '../../modules/artifacts/index.js';
import { RunsModule } from '../../modules/runs/index.js';
import { SystemModule } from '../../modules/system/index.js';
import { WorkflowsModule } from '../../modules/workflows/index.js';
import { DescribedApart } from '../../platform/http/openapi.js';
import { FlwdArtifactsController } from './artifacts.controller.js';
import { FlwdEventsController } from './events.controller.js';
import { FlwdEvents } from './events.service.js';
import { FlwdJobsController } from './jobs.controller.js';
import { FlwdLogs } from './logs.service.js';
import { FlwdRunsController } from './runs.controller.js';
import { FlwdRuns } from './runs.service.js';
import { FlwdSystemController } from './system.controller.js';

/** The API that flwd documents, over workflows, runs and artifacts. */
@DescribedApart()
@Module({
  imports: [ArtifactsModule, RunsModule, SystemModule, WorkflowsModule],
  controllers: [FlwdJobsController, FlwdRunsController, FlwdArtifactsController, FlwdSystemController, FlwdEventsController],
  providers: [FlwdRuns, FlwdLogs, FlwdEvents],
})
export class FlwdModule {}
