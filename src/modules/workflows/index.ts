/** Where other modules register the parts of definitions that are theirs. */
export { DefinitionExtensions, type DefinitionExtension, type VersionBeingStored } from './definition-extensions.js';
export { DefinitionsService } from './definitions.service.js';
export { WorkflowFilesService, type WorkflowFileError } from './files/workflow-files.service.js';
export { formatWorkflowName, parseWorkflowName, type WorkflowName } from './workflow-name.js';
export { WorkflowsModule } from './workflows.module.js';
