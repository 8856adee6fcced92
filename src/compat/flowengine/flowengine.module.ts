import { Module } from '@nestjs/common';
import { NodesModule } from '../../modules/nodes/index.js';
import { RunsModule } from '../../modules/runs/index.js';
import { SystemModule } from '../../modules/system/index.js';
import { WorkflowsModule } from '../../modules/workflows/index.js';
import { DescribedApart } from '../../platform/http/openapi.js';
import { FlowEngineAudience } from './audience.js';
import { FlowEngineEventsGateway } from './events.gateway.js';
import { FlowEngineExecutions } from './executions.service.js';
import { FLOWENGINE_NODES } from './nodes/index.js';
import { FlowEngineSystemController } from './system.controller.js';
import { FlowEngineWorkflowsController } from './workflows.controller.js';
import { FlowEngineWorkflows } from './workflows.service.js';

/** The API of FlowEngine, over workflows and runs, and its node types. */
@DescribedApart()
@Module({
  imports: [NodesModule, RunsModule, SystemModule, WorkflowsModule],
  controllers: [FlowEngineWorkflowsController, FlowEngineSystemController],
  providers: [FlowEngineWorkflows, FlowEngineExecutions, FlowEngineAudience, FlowEngineEventsGateway, ...FLOWENGINE_NODES],
})
export class FlowEngineModule {}
