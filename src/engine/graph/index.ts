export type { CompiledGraph, CompiledNode, CompiledOnError, CompiledSettings } from './compiled-graph.js';
export { compileGraph } from './compile.js';
export { launchSettings } from './launch-settings.js';
export { DEFINITION_SCHEMA, LIMITS, MAX_NODES, WORKFLOW_NAME_PATTERN } from './definition-schema.js';
export type { DefinitionFault } from './faults.js';
export { validateDefinition, type ValidationResult } from './validate.js';
export {
  GRAPH_FORMATS,
  toDot,
  toMermaid,
  viewGraph,
  type GraphFormat,
  type GraphNodeView,
  type GraphView,
  type NodeOverlay,
} from './render.js';
export { createInputsPreparer, type InputsPreparer } from './inputs.js';
export { checkSchema } from './schemas.js';
