import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { NodesModule } from '../nodes/index.js';
import { DefinitionExtensions } from './definition-extensions.js';
import { DefinitionsService } from './definitions.service.js';
import { FileWarnings } from './file-warnings.js';
import { WorkflowVersionEntity } from './entities/workflow-version.entity.js';
import { WorkflowEntity } from './entities/workflow.entity.js';
import { WorkflowFilesCheck } from './files/workflow-files-check.js';
import { WorkflowFilesService } from './files/workflow-files.service.js';
import { WorkflowSourcesController } from './files/workflow-sources.controller.js';
import { JobsController } from './jobs/jobs.controller.js';
import { JobsService } from './jobs/jobs.service.js';
import { LatestLookup } from './latest-lookup.js';
import { NodeTypesController } from './node-types.controller.js';
import { WorkflowQueries } from './workflow-queries.js';
import { WorkflowStore } from './workflow-store.js';
import { WorkflowsController } from './workflows.controller.js';
import { WorkflowsService } from './workflows.service.js';

/** Workflow definitions: stored, versioned, checked, and handed to the engine. */
@Module({
  imports: [TypeOrmModule.forFeature([WorkflowEntity, WorkflowVersionEntity]), NodesModule],
  controllers: [WorkflowSourcesController, JobsController, WorkflowsController, NodeTypesController],
  providers: [
    WorkflowsService,
    WorkflowStore,
    WorkflowQueries,
    LatestLookup,
    DefinitionsService,
    DefinitionExtensions,
    FileWarnings,
    WorkflowFilesService,
    WorkflowFilesCheck,
    JobsService,
  ],
  exports: [DefinitionExtensions, DefinitionsService, JobsService, WorkflowFilesService, WorkflowsService, WorkflowStore],
})
export class WorkflowsModule {}
