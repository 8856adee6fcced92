/** Where other modules register the parts of definitions that are theirs. */
export { DefinitionExtensions, type DefinitionExtension, type VersionBeingStored } from './definition-extensions.js';
export { DefinitionsService } from './definitions.service.js';
export { WorkflowFilesService, type WorkflowFileError } from './files/workflow-files.service.js';
export { formatWorkflowName, parseWorkflowName, type WorkflowName } from './workflow-name.js';
export { WorkflowsModule } from './workflows.module.js';
/** Whether a workflow is paused, for whoever shows it. */
export { PAUSE_COLUMNS, PAUSE_JOIN, PauseDto, toPauseDto, type PauseColumns } from './dto/pause.dto.js';
