import { Module } from '@nestjs/common';
import { AgentsModule } from '../../modules/agents/index.js';
import { RunsModule } from '../../modules/runs/index.js';
import { WorkflowsModule } from '../../modules/workflows/index.js';
import { DescribedApart } from '../../platform/http/openapi.js';
import { AwfExecutionsController } from './executions.controller.js';
import { AwfExecutions } from './executions.service.js';
import { AwfHistoryController } from './history.controller.js';
import { AwfHistory } from './history.service.js';
import { AwfWorkflowsController } from './workflows.controller.js';
import { AwfWorkflows } from './workflows.service.js';

/** The API of `awf serve`, over workflows and runs. */
@DescribedApart()
@Module({
  imports: [AgentsModule, RunsModule, WorkflowsModule],
  controllers: [AwfWorkflowsController, AwfExecutionsController, AwfHistoryController],
  providers: [AwfWorkflows, AwfExecutions, AwfHistory],
})
export class AwfModule {}
