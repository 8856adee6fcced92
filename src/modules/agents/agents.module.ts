import { Module } from '@nestjs/common';
import { WorkflowsModule } from '../workflows/index.js';
import { AgentQueries } from './agent-queries.js';
import { AgentsController } from './agents.controller.js';
import { AgentsService } from './agents.service.js';
import { AgentFilesService } from './files/agent-files.service.js';

/** Agents: their definitions, and their runs. */
@Module({
  imports: [WorkflowsModule],
  controllers: [AgentsController],
  providers: [AgentFilesService, AgentQueries, AgentsService],
})
export class AgentsModule {}
