/** What can be asked of a workflow's definition whatever its kind. Who needs it asks here, never the members of a definition. */
export { compileWorkflow, launchOf, programOf, type CompiledWorkflow } from './compile.js';
export { hasVisits, inputsPreparerOf, inputsSchemaOf, mayRestart, placesOf, sizeOf, viewWorkflow } from './facts.js';
export { WORKFLOW_SCHEMA } from './schema.js';
export { validateWorkflow, WORKFLOW_KINDS } from './validate.js';
