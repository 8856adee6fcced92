import { Module } from '@nestjs/common';
import { ApprovalsModule } from '../approvals/index.js';
import { MemoryModule } from '../memory/index.js';
import { ModelsModule } from '../models/index.js';
import { RunsModule } from '../runs/index.js';
import { ToolsModule } from '../tools/index.js';
import { WorkflowsModule } from '../workflows/index.js';
import { AgentQueries } from './agent-queries.js';
import { AgentsController } from './agents.controller.js';
import { AgentsService } from './agents.service.js';
import { BudgetPlan } from './budgets/budget-plan.js';
import { BudgetStore } from './budgets/budget-store.js';
import { BudgetSweep } from './budgets/budget-sweep.js';
import { RunKeys } from './budgets/run-keys.js';
import { InlineAgentsCheck } from './definition/inline-agents-check.js';
import { AgentFilesService } from './files/agent-files.service.js';
import { AgentCatalog } from './loop/agent-catalog.js';
import { AgentLoop } from './loop/agent-loop.js';
import { ModelTurns } from './loop/model-turns.js';
import { ReactLoop } from './loop/react-loop.js';
import { ToolCalls } from './loop/tool-calls.js';
import { ToolEquipment } from './loop/tool-equipment.js';
import { AgentChatNode } from './nodes/agent-chat.node.js';
import { AgentRunNode } from './nodes/agent-run.node.js';
import { AskedAgents } from './nodes/asked-agents.js';
import { ParallelFanOutPattern } from './patterns/parallel-fan-out.pattern.js';
import { PipelinePattern } from './patterns/pipeline.pattern.js';
import { PlanAndExecutePattern } from './patterns/plan-and-execute.pattern.js';
import { ReactPattern } from './patterns/react.pattern.js';
import { SupervisorPattern } from './patterns/supervisor.pattern.js';
import { SwarmPattern } from './patterns/swarm.pattern.js';
import { AgentRunController } from './running/agent-run.controller.js';
import { AgentRunService } from './running/agent-run.service.js';
import { AgentsGateway } from './running/agents.gateway.js';
import { RunPrompts } from './running/run-prompts.service.js';
import { AgentToolsSource } from './tools/agent-tools.source.js';

const LOOP = [AgentCatalog, AgentLoop, ModelTurns, ReactLoop, ToolCalls, ToolEquipment];
const PATTERNS = [ParallelFanOutPattern, PipelinePattern, PlanAndExecutePattern, ReactPattern, SupervisorPattern, SwarmPattern];
const BUDGETS = [BudgetPlan, BudgetStore, BudgetSweep, RunKeys];

/** Agents: their definitions, and their runs. */
@Module({
  imports: [ApprovalsModule, MemoryModule, ModelsModule, RunsModule, ToolsModule, WorkflowsModule],
  controllers: [AgentsController, AgentRunController],
  providers: [
    ...LOOP,
    ...PATTERNS,
    ...BUDGETS,
    AgentFilesService,
    AgentQueries,
    AgentsService,
    AgentChatNode,
    AgentRunNode,
    AskedAgents,
    InlineAgentsCheck,
    AgentRunService,
    AgentToolsSource,
    AgentsGateway,
    RunPrompts,
  ],
  exports: [AgentRunService, AgentsService, RunPrompts],
})
export class AgentsModule {}
