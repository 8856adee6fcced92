import { Module } from '@nestjs/common';
import { ApprovalsModule } from '../../modules/approvals/index.js';
import { BusModule } from '../../modules/bus/index.js';
import { RunsModule } from '../../modules/runs/index.js';
import { SystemModule } from '../../modules/system/index.js';
import { WebhooksModule } from '../../modules/webhooks/index.js';
import { WorkflowsModule } from '../../modules/workflows/index.js';
import { DescribedApart } from '../../platform/http/openapi.js';
import { MeshBusGateway } from './bus.gateway.js';
import { MeshEventsController } from './events.controller.js';
import { MeshEventStreams } from './events.service.js';
import { MeshHitlController } from './hitl.controller.js';
import { MeshHitl } from './hitl.service.js';
import { MeshKeysController } from './keys.controller.js';
import { MeshNotYetController } from './not-yet.controller.js';
import { MeshQueueController } from './queue.controller.js';
import { MeshQueue } from './queue.service.js';
import { MeshRunController } from './run.controller.js';
import { MeshRunGateway } from './run.gateway.js';
import { MeshRunsController } from './runs.controller.js';
import { MeshRuns } from './runs.service.js';
import { MeshSystemController } from './system.controller.js';
import { MeshWebhooksController } from './webhooks.controller.js';

/** The API of `meshflow serve`, over runs, approvals, events and keys. */
@DescribedApart()
@Module({
  imports: [ApprovalsModule, BusModule, RunsModule, SystemModule, WebhooksModule, WorkflowsModule],
  controllers: [
    MeshSystemController,
    MeshRunController,
    MeshRunsController,
    MeshHitlController,
    MeshEventsController,
    MeshKeysController,
    MeshQueueController,
    MeshWebhooksController,
    MeshNotYetController,
  ],
  providers: [MeshRuns, MeshHitl, MeshEventStreams, MeshQueue, MeshBusGateway, MeshRunGateway],
})
export class MeshflowModule {}
