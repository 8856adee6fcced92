export { compileStates, type CompiledMachine } from './compile.js';
export { createStatesInputsPreparer, inputsSchema, type InputFiles } from './inputs.js';
export { viewStates } from './render.js';
export { StatesProgram } from './states-program.js';
export { STATE_SCHEMAS, STATES_SCHEMA } from './states-schema.js';
export { validateStates } from './validate.js';
export { visitsOf } from './visit-paths.js';
export { translateAwf, type AwfTranslation } from './awf/translate.js';
export type { AwfFault, AwfSurroundings } from './awf/awf-source.js';
