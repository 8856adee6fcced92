/** Where other modules register the parts of definitions that are theirs. */
export { DefinitionExtensions, type DefinitionExtension, type VersionBeingStored } from './definition-extensions.js';
export { DefinitionsService } from './definitions.service.js';
/** Documents of MeshFlow as definitions, and what the modes of their policies mean. */
export { MESH_MODES } from './files/meshflow/mesh-policy.js';
export { translateMeshflow } from './files/meshflow/translate-meshflow.js';
export { WorkflowFilesService, type WorkflowFileError, type WorkflowSourceState } from './files/workflow-files.service.js';
/** For modules whose definitions are kept like workflows: the store of versions, and files of definitions. */
export { WorkflowStore, type StoredVersion } from './workflow-store.js';
export { isIgnored, listDefinitionFiles, MAX_DEPTH, mayHoldDefinition, parseFile } from './files/definition-files.js';
export { parseYaml } from './parse-definition.js';
export { fileSource, sourceOfVersion } from './source.js';
export { formatWorkflowName, parseWorkflowName, type WorkflowName } from './workflow-name.js';
export { WorkflowsModule } from './workflows.module.js';
/** Whether a workflow is paused, for whoever shows it. */
export { PAUSE_COLUMNS, PAUSE_JOIN, PauseDto, toPauseDto, type PauseColumns } from './dto/pause.dto.js';
/** Workflows and jobs as the API shows them, for other entrances. */
export { WorkflowsService } from './workflows.service.js';
export { JobsService } from './jobs/jobs.service.js';
export type { JobDetailDto, JobDto } from './jobs/job.dto.js';
export type { WorkflowDetailDto, WorkflowDto } from './dto/workflow.dto.js';
