import { Module } from '@nestjs/common';
import { AgentsModule } from '../../modules/agents/index.js';
import { ApprovalsModule } from '../../modules/approvals/index.js';
import { MemoryModule } from '../../modules/memory/index.js';
import { ModelsModule } from '../../modules/models/index.js';
import { RagModule } from '../../modules/rag/index.js';
import { RunsModule } from '../../modules/runs/index.js';
import { SystemModule } from '../../modules/system/index.js';
import { ToolsModule } from '../../modules/tools/index.js';
import { WorkflowsModule } from '../../modules/workflows/index.js';
import { DescribedApart } from '../../platform/http/openapi.js';
import { AstromeshAgentsController } from './agents.controller.js';
import { AstromeshAgentsGateway } from './agents.gateway.js';
import { AstromeshAgents } from './agents.service.js';
import { AstromeshMemoryController } from './memory.controller.js';
import { AstromeshMemory } from './memory.service.js';
import { AstromeshMeshController, AstromeshObservabilityController } from './not-yet.controller.js';
import { AstromeshPipelinesController } from './pipelines.controller.js';
import { AstromeshRagController } from './rag.controller.js';
import { AstromeshRag } from './rag.service.js';
import { AstromeshSystemController } from './system.controller.js';
import { AstromeshSystem } from './system.service.js';
import { AstromeshToolsController } from './tools.controller.js';
import { AstromeshTools } from './tools.service.js';
import { AstromeshWorkflowRuns } from './workflow-runs.service.js';
import { AstromeshWorkflowsController } from './workflows.controller.js';
import { AstromeshWorkflows } from './workflows.service.js';

/** The API of `astromeshd`, over agents and what they work with. */
@DescribedApart()
@Module({
  imports: [AgentsModule, ApprovalsModule, MemoryModule, ModelsModule, RagModule, RunsModule, SystemModule, ToolsModule, WorkflowsModule],
  controllers: [
    AstromeshSystemController,
    AstromeshAgentsController,
    AstromeshMemoryController,
    AstromeshToolsController,
    AstromeshRagController,
    AstromeshPipelinesController,
    AstromeshWorkflowsController,
    AstromeshObservabilityController,
    AstromeshMeshController,
  ],
  providers: [
    AstromeshAgents,
    AstromeshAgentsGateway,
    AstromeshMemory,
    AstromeshRag,
    AstromeshSystem,
    AstromeshTools,
    AstromeshWorkflowRuns,
    AstromeshWorkflows,
  ],
})
export class AstromeshModule {}
